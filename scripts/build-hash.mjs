// Tells whether dist/ was built from the sources as they are. Contents, not times: a checkout of another commit,
// a copied folder and a restored cache all have misleading times.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './toolchain.mjs'

const record = join(root, 'dist/.build-hash')
const inputs = [
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/build.mjs',
  'src',
  'examples/petstore',
]
const notAnInput = /(^|\/)(node_modules|dist|data)(\/|$)|\.test\.ts$|\.test-d\.ts$/

function* filesUnder(path) {
  if (notAnInput.test(path) || !existsSync(join(root, path))) return
  const entries = readdirSync(join(root, path), { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inner = `${path}/${entry.name}`
    if (entry.isDirectory()) yield* filesUnder(inner)
    else if (entry.isFile() && !notAnInput.test(inner)) yield inner
  }
}

function sourceHash() {
  const hash = createHash('sha256')
  const files = inputs.flatMap((path) => (/\.\w+$/.test(path) ? [path] : [...filesUnder(path)]))
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0')
  return hash.digest('hex')
}

export function isBuilt() {
  return existsSync(record) && readFileSync(record, 'utf8') === sourceHash()
}

/** Call after a build that succeeded. */
export function recordBuild() {
  writeFileSync(record, sourceHash())
}
