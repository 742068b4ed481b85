// The client's size as a page would load it: bundled, minified, gzipped. Fails above a budget.
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { root } from './toolchain.mjs'

/** What the least of pages uses; all three transports come along. */
const core = `
  import { connect } from './src/client/index.ts'
  const pet = connect('/wire').channel('pets/1')
  pet.on('message', console.log)
  pet.publish('message', 'hello')
`
const bundles = [
  { name: 'core', source: core, budgetBytes: 11_000, goalBytes: 8_000 },
  { name: 'everything', source: `export * from './src/client/index.ts'`, budgetBytes: 11_600 },
]
const kB = (n) => `${(n / 1000).toFixed(2)} kB`

for (const { name, source, budgetBytes, goalBytes } of bundles) {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
  })
  const bytes = gzipSync(outputFiles[0].contents, { level: 9 }).length
  const goal = goalBytes ? `, goal ${kB(goalBytes)} (${kB(Math.max(0, bytes - goalBytes))} away)` : ''
  console.log(`everwire/client: ${name} ${kB(bytes)} gzip, budget ${kB(budgetBytes)}${goal}`)
  if (bytes > budgetBytes) {
    console.error(`${name} is ${bytes - budgetBytes} bytes over its budget.`)
    process.exitCode = 1
  }
}
