// Builds dist/ from src/, and the petstore example where it has a vite config.
import { cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { recordBuild } from './build-hash.mjs'
import { root, run } from './toolchain.mjs'

async function step(command, ...args) {
  const code = await run(command, args)
  if (code !== 0) process.exit(code)
}

// A file that was renamed in src/ must not live on in dist/.
rmSync(join(root, 'dist'), { recursive: true, force: true })
await step('tsc', '-p', 'tsconfig.build.json')
// The doctor's page: one script, and what stands beside it.
const page = join(root, 'src/doctor/page')
await build({
  entryPoints: [join(page, 'main.ts')],
  outfile: join(root, 'dist/doctor/page/page.js'),
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
})
for (const name of ['page.html', 'page.css']) cpSync(join(page, name), join(root, 'dist/doctor/page', name))
if (existsSync(join(root, 'examples/petstore/vite.config.ts')))
  await step('vite', 'build', 'examples/petstore', '--logLevel', 'warn')
recordBuild()
