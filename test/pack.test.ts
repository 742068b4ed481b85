import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readPage } from './docs/markdown.ts'

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
    /^(dist\/.+\.(js|d\.ts)|dist\/doctor\/page\/page\.(html|css)|dist\/demo\/.+|bin\/everwire\.js|docs\/assets\/.+\.(svg|png)|package\.json|(README|CHANGELOG|PROTOCOL)\.md|LICENSE)$/
  expect(paths.filter((path) => !intended.test(path))).toEqual([])
  expect(paths.filter((path) => /\.test\.|\.test-d\./.test(path))).toEqual([])
  expect(paths).toEqual(
    expect.arrayContaining([
      'dist/index.js',
      'dist/index.d.ts',
      'dist/doctor/page/page.js',
      'bin/everwire.js',
      'LICENSE',
    ]),
  )
})

test('the pictures of the README are in the tarball', () => {
  const { links } = readPage(readFileSync(join(root, 'README.md'), 'utf8'))
  const pictures = links
    .map(({ target }) => target)
    .filter((target) => /\.(svg|png|jpe?g|webp|gif)$/.test(target))
  expect(paths).toEqual(expect.arrayContaining(pictures))
})

test('the installed package brings no Node of its own', () => {
  const lock = readFileSync(join(project, 'package-lock.json'), 'utf8')
  expect(lock).not.toMatch(/node-linux-|@everwire\/node24/)
})

test.each(['everwire', 'everwire/client', 'everwire/testing'])('%s can be imported', (name) => {
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

const page = ['ES2024', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable']
const node = { lib: ['ES2024'], types: ['node'], typeRoots: [join(root, 'node_modules/@types')] }

/** What users write, and what their project knows: each with as little as its kind of program has. */
const consumers = {
  'a server without the DOM': {
    options: node,
    text: `
import { createServer } from 'node:http'
import { defineContract, everwire, EverwireError, type, type Everwire, type Log } from 'everwire'

const contract = defineContract({ 'pets/*': { events: { moved: type<{ readonly to: string }>() } } })
const wire = everwire({ contract, channels: { 'pets/*': { subscribe: true } } })
wire.attach(createServer())
await wire.publish('pets/1', 'moved', { to: 'here' }, { key: 'once' })
// @ts-expect-error the contract says text
await wire.publish('pets/1', 'moved', { to: 1 })
export const position: string = await wire.position()
export const store = (log: Log): Everwire => everwire({ store: log })
export const code = (error: unknown) => (error instanceof EverwireError ? error.code : undefined)
`,
  },
  'a client in a page, without Node': {
    options: { lib: page, types: [] },
    text: `
import { connect, type Wire } from 'everwire/client'

const wire: Wire = connect('/wire')
const pet = wire.channel('pets/1', { after: document.title })
pet.on('gap', (gap) => console.log(gap.reason satisfies string))
// @ts-expect-error there is no Node here
export const directory = process.cwd()
`,
  },
  'a store and its contract': {
    options: node,
    text: `
import { describe, test } from 'node:test'
import type { Log } from 'everwire'
import { logContract, type OpenLog } from 'everwire/testing'

declare const store: Log
const open: OpenLog = async ({ now }) => (now() > 0 ? { log: store } : { log: store, reopen: async () => store })
logContract({ describe, test }, 'a store', open)
`,
  },
}

describe.each(Object.entries(consumers))('%s', (name, { options, text }) => {
  test.each([
    { module: 'nodenext', moduleResolution: 'nodenext' },
    { module: 'esnext', moduleResolution: 'bundler' },
  ])('is type-checked with $moduleResolution', (resolution) => {
    const folder = join(project, `${name.replaceAll(/\W+/g, '-')}-${resolution.moduleResolution}`)
    mkdirSync(folder)
    writeFileSync(join(folder, 'index.ts'), text)
    const compilerOptions = { target: 'es2024', strict: true, noEmit: true, ...resolution, ...options }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
    const tsc = join(root, 'node_modules/.bin/tsc')
    const { stdout, status } = spawnSync(tsc, ['--pretty', 'false', '-p', folder], {
      cwd: project,
      encoding: 'utf8',
    })
    expect(stdout).toBe('')
    expect(status).toBe(0)
  })
})
