// Builds dist/ from src/, and the petstore example where it has a vite config.
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

function run(command, ...args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

// A file that was renamed in src/ must not live on in dist/.
rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true })
run('tsc', '-p', 'tsconfig.build.json')
if (existsSync(new URL('../examples/petstore/vite.config.ts', import.meta.url)))
  run('vite', 'build', 'examples/petstore')
