// Brings a checkout to the state its lock file and its sources describe. Does nothing when it is there already.
// By itself: `node scripts/setup.mjs` sees to the dependencies, `--build` also to dist/.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isBuilt } from './build-hash.mjs'
import { fail, machineEnv, nodePath, root, run } from './toolchain.mjs'

const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'))

/** Whether node_modules holds what the lock asks for; a package for other platforms may be absent. */
function isInstalled() {
  // npm writes this file last, so without it an installation was cut short.
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return false
  for (const [path, locked] of Object.entries(readJson('package-lock.json').packages)) {
    if (!path.includes('node_modules/') || locked.link) continue
    if (!existsSync(join(root, path, 'package.json'))) {
      if (locked.optional || locked.devOptional) continue
      return false
    }
    if (readJson(`${path}/package.json`).version !== locked.version) return false
  }
  return true
}

export async function ensureDependencies() {
  if (isInstalled()) return
  console.log('Installing the dependencies of package-lock.json (npm ci) ...')
  // NODE_ENV=production on a build machine must not leave out the compiler.
  const code = await run('npm', ['ci', '--include=dev', '--include=optional'], { env: machineEnv })
  if (code !== 0) fail('npm ci failed: see its lines above. Without it nothing here can run.', code)
}

export async function ensureBuild() {
  if (isBuilt()) return
  console.log('Building dist/ from the sources ...')
  const code = await run(nodePath(), ['scripts/build.mjs'])
  if (code !== 0) fail('The build failed: see the lines above.', code)
}

if (process.argv[1] === join(root, 'scripts/setup.mjs')) {
  await ensureDependencies()
  if (process.argv.includes('--build')) await ensureBuild()
}
