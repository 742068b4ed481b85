import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../', import.meta.url))

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

let project: string
let paths: string[]

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

// What a user does: an empty project, the package from its tarball, nothing of this checkout.
beforeAll(() => {
  execFileSync(process.execPath, ['scripts/setup.mjs', '--build'], { cwd: root, stdio: 'inherit' })
  project = mkdtempSync(join(tmpdir(), 'everwire-pack-'))
  const output = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], {
    cwd: root,
    encoding: 'utf8',
  })
  const packed: Packed[] | Record<string, Packed> = JSON.parse(output)
  const [tarball] = Object.values(packed)
  if (!tarball) throw new Error(`npm pack told of no tarball: ${output}`)
  paths = tarball.files.map((file) => file.path)
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'user', private: true, type: 'module' }),
  )
  run(
    'npm',
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    `./${tarball.filename}`,
  )
}, 120_000)

afterAll(() => rmSync(project, { recursive: true, force: true }))

test('the tarball holds the built package and nothing else', () => {
  const intended =
    /^(dist\/.+\.(js|d\.ts)|dist\/demo\/.+|bin\/everwire\.js|package\.json|(README|CHANGELOG|PROTOCOL)\.md|LICENSE)$/
  expect(paths.filter((path) => !intended.test(path))).toEqual([])
  expect(paths.filter((path) => /\.test\.|\.test-d\./.test(path))).toEqual([])
  expect(paths).toEqual(
    expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'bin/everwire.js', 'LICENSE']),
  )
})

test('the installed package brings no Node of its own', () => {
  const lock = readFileSync(join(project, 'package-lock.json'), 'utf8')
  expect(lock).not.toMatch(/node-linux-|@everwire\/node24/)
})

test.each(['everwire', 'everwire/client'])('%s can be imported', (name) => {
  const output = run(
    process.execPath,
    '-e',
    `import(${JSON.stringify(name)}).then((m) => console.log(Object.keys(m).length))`,
  )
  expect(Number(output)).toBeGreaterThan(0)
})

test('everwire --help answers', () => {
  const output = run(process.execPath, 'node_modules/everwire/bin/everwire.js', '--help')
  expect(output).toMatch(/everwire/i)
})
