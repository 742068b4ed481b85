// The client's size as a page would load it: bundled, minified, gzipped. Fails above the budget.
import { gzipSync } from 'node:zlib'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from './toolchain.mjs'

const budgetBytes = 8_000

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: [join(root, 'src/client/index.ts')],
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  write: false,
})
const bytes = gzipSync(outputFiles[0].contents, { level: 9 }).length
const kB = (n) => `${(n / 1000).toFixed(2)} kB`
console.log(
  `everwire/client: ${kB(bytes)} gzip (minified ${kB(outputFiles[0].contents.length)}), budget ${kB(budgetBytes)}`,
)
if (bytes > budgetBytes) {
  console.error(`The client is ${bytes - budgetBytes} bytes over its budget.`)
  process.exitCode = 1
}
