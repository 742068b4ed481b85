import { checkStreams } from './run.ts'

// node test/property/stream/main.ts [runs] [seed]: as many stories as wanted, outside the test runner.
const [runs = '3000', seed] = process.argv.slice(2)
const { received } = await checkStreams(Number(runs), seed === undefined ? undefined : Number(seed))
process.stdout.write(`${runs} stories, ${received} events received, no violation\n`)
