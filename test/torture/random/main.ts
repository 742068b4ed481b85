import { help, optionsOf, type Options } from './options.ts'
import { textOf } from './report.ts'
import { torture } from './run.ts'
import type { Tally } from './tally.ts'

// npm run torture -- --help
let options: Options | 'help' | undefined
try {
  options = optionsOf(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nSee --help.\n`)
  process.exitCode = 2
}
if (options === 'help') process.stdout.write(help)
else if (options) await run(options)

async function run(wanted: Options): Promise<void> {
  const begun = performance.now()
  let told = 0
  const status = (tally: Tally) => {
    const seconds = Math.round((performance.now() - begun) / 1_000)
    const faults = [...tally.faults.values()].reduce((sum, n) => sum + n, 0)
    const line =
      `${seconds} s: ${tally.acknowledged} of ${tally.published} acknowledged, ${tally.deliveries} delivered, ` +
      `${faults} faults, ${Math.round(tally.peakMemory / 1024 ** 2)} MiB`
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`)
    else if (seconds - told >= 10) {
      told = seconds
      process.stderr.write(`${line}\n`)
    }
  }
  process.stderr.write(`seed ${wanted.seed}\n`)
  // Nothing is left behind: the first signal ends the faults, and what happened until then is judged.
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort())
  const report = await torture(wanted, status, stop.signal)
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  process.stdout.write(wanted.json ? `${JSON.stringify(report, undefined, 2)}\n` : textOf(report))
  for (const each of report.examples) process.stderr.write(`violated: ${each}\n`)
  if (report.total > 0) process.exitCode = 1
}
