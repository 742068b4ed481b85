// Builds dist/ from src/, and the petstore example where it has a vite config.
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { recordBuild } from './build-hash.mjs'
import { root, run } from './toolchain.mjs'

async function step(command, ...args) {
  const code = await run(command, args)
  if (code !== 0) process.exit(code)
}

// A file that was renamed in src/ must not live on in dist/.
rmSync(join(root, 'dist'), { recursive: true, force: true })
await step('tsc', '-p', 'tsconfig.build.json')
if (existsSync(join(root, 'examples/petstore/vite.config.ts')))
  await step('vite', 'build', 'examples/petstore', '--logLevel', 'warn')
recordBuild()
