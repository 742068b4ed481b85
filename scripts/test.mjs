// `npm test`: every check of the project, from a fresh checkout. Goes on after a failure, and ends with one line
// of totals. `npm test -- path` runs only the tests under that path.
import { ensureChromium } from './chromium.mjs'
import { ensureProxies } from './proxies.mjs'
import { ensureDependencies } from './setup.mjs'
import { nodePath, run } from './toolchain.mjs'
import { ensureTortureTools } from './torture-tools.mjs'
import { slowest, vitest } from './vitest.mjs'

const totals = { passed: 0, failed: 0, skipped: 0 }
const remarks = []

function record(name, counts) {
  for (const key of Object.keys(totals)) totals[key] += counts[key] ?? 0
  if (counts.failed) remarks.push(`FAILED   ${name}`)
}

function headline(name) {
  console.log(`\n=== ${name}`)
}

function skip(name, reason) {
  headline(name)
  console.log(`skipped: ${reason}`)
  remarks.push(`skipped  ${name}: ${reason}`)
  record(name, { skipped: 1 })
}

async function check(name, command, ...args) {
  headline(name)
  const code = await run(command, args)
  record(name, code === 0 ? { passed: 1 } : { failed: 1 })
}

async function tests(name, project, env) {
  headline(name)
  record(name, await vitest(['--project', project], env))
}

async function everything() {
  const chromium = await ensureChromium()
  const proxies = await ensureProxies()
  if (proxies.reason) remarks.push(`skipped  tests with real proxies: ${proxies.reason}`)
  const missing = await ensureTortureTools()
  if (missing.length > 0) remarks.push(`skipped  faults that need ${missing.join(', ')}: not on this machine`)
  await check('types', 'npm', 'run', '-s', 'typecheck')
  await check('lint', 'npm', 'run', '-s', 'lint')
  await check('format', 'npm', 'run', '-s', 'format:check')
  await check('build', nodePath(), 'scripts/setup.mjs', '--build')
  await check('package (publint)', 'npm', 'run', '-s', 'lint:package')
  await check('dependencies and exports (knip)', 'npm', 'run', '-s', 'lint:unused')
  await check('size of the client', nodePath(), 'scripts/size.mjs')
  await tests('architecture', 'architecture')
  await tests('types seen by users', 'types')
  await tests('unit, contract, property and wire tests', 'unit')
  if (chromium.path) await tests('browser tests', 'browser', { CHROMIUM: chromium.path })
  else skip('browser tests', chromium.reason)
  await tests('the packed package', 'pack')
}

async function only(filters) {
  const chromium = filters.some((path) => path.includes('browser')) ? await ensureChromium() : {}
  if (chromium.reason) console.log(`No browser tests: ${chromium.reason}`)
  const proxies = filters.some((path) => path.includes('prox')) ? await ensureProxies() : {}
  if (proxies.reason) console.log(`Not all proxies: ${proxies.reason}`)
  record(
    filters.join(' '),
    await vitest([...filters, '--passWithNoTests=false'], chromium.path ? { CHROMIUM: chromium.path } : {}),
  )
}

await ensureDependencies()
const filters = process.argv.slice(2)
if (filters.length > 0) await only(filters)
else await everything()

console.log('\nThe slowest:')
for (const { name, ms } of slowest(15)) console.log(`${(ms / 1000).toFixed(1).padStart(7)} s  ${name}`)
console.log()
for (const remark of remarks) console.log(remark)
const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''
console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`)
process.exitCode = totals.failed > 0 ? 1 : 0
