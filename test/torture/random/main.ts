import { torture } from './run.ts'

// node test/torture/random/main.ts [seconds] [sqlite|memory] [seed]: as long as wanted, outside the test runner.
const [seconds = '30', store = 'sqlite', seed = String(Date.now() % 1e9)] = process.argv.slice(2)
process.stderr.write(`seed ${seed}\n`)
const report = await torture({
  seed: Number(seed),
  seconds: Number(seconds),
  store: store === 'memory' ? store : 'sqlite',
})
process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
if (report.violations.length > 0) {
  process.stderr.write(`violated: ${report.violations.join('\n')}\n`)
  process.exitCode = 1
}
