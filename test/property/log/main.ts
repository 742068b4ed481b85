import { checkStore } from './stores.ts'

// node test/property/log/main.ts memory|sqlite [runs] [seed|first]: as many stories as wanted, outside the test runner;
// `first` ends with the first failure as it is.
const [store = 'memory', runs = '3000', seed] = process.argv.slice(2)
await checkStore(store, {
  runs: Number(runs),
  seed: seed === undefined || seed === 'first' ? undefined : Number(seed),
  shrink: seed !== 'first',
})
process.stdout.write(`${runs} stories of the ${store} log, no difference from the model\n`)
