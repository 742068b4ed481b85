// Finds real proxies for test/proxies, and on Debian fetches those that are missing. Nothing is installed: the packages
// are unpacked below node_modules/.cache, so that no service is started and no configuration of the machine touched.
// By itself: `node scripts/proxies.mjs` fetches and prints where they are, `--find` prints only.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { machineEnv, root, run } from './toolchain.mjs'

/** Program and Debian package of each. */
const proxies = {
  nginx: ['nginx', 'nginx'],
  haproxy: ['haproxy', 'haproxy'],
  varnish: ['varnishd', 'varnish'],
  squid: ['squid', 'squid'],
  caddy: ['caddy', 'caddy'],
  apache: ['apache2', 'apache2-bin'],
}

const cache = join(root, 'node_modules/.cache')
const unpacked = join(cache, 'proxies')

/**
 * `{ nginx: { path, root, libraries }, ... }` for each that is there: its program, where the packages' `usr` is, and the
 * folders in which it looks for shared libraries.
 */
export function findProxies() {
  const found = {}
  for (const [name, [program]] of Object.entries(proxies)) {
    const installed = installedPath(program)
    const own = ['usr/sbin', 'usr/bin'].map((folder) => join(unpacked, folder, program)).find(existsSync)
    if (installed) found[name] = { path: installed, root: '/', libraries: [] }
    else if (own) found[name] = { path: own, root: unpacked, libraries: ownLibraries() }
  }
  return found
}

function installedPath(program) {
  const folders = [...(machineEnv.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder || '.', program)).find(existsSync)
}

function ownLibraries() {
  const folder = join(unpacked, 'usr/lib')
  const names = readdirSync(folder).filter((name) => name.endsWith('-linux-gnu'))
  return names.map((name) => join(folder, name))
}

/** Like `findProxies`, after having fetched what is missing; `reason` says why some still are. */
export async function ensureProxies() {
  const missing = () => Object.keys(proxies).filter((name) => !(name in findProxies()))
  const names = missing().join(', ')
  if (names === '') return { found: findProxies() }
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg-deb'))
    return { found: findProxies(), reason: `no ${names} here, and no apt-get to fetch them` }
  console.error(`Fetching ${names} for the tests with real proxies (apt-get) ...`)
  const wanted = Object.values(proxies).filter(([program]) => !installedPath(program))
  const code = await fetchPackages(wanted.map(([, name]) => name))
  const still = missing().join(', ')
  return {
    found: findProxies(),
    ...(still && { reason: `apt-get could not fetch ${still} (exit code ${code})` }),
  }
}

async function fetchPackages(packages) {
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'fetching-'))
  try {
    const archives = join(folder, 'archives')
    mkdirSync(join(archives, 'partial'), { recursive: true })
    const env = { ...machineEnv, DEBIAN_FRONTEND: 'noninteractive' }
    const options = [
      '-o',
      `Dir::Cache::archives=${archives}`,
      '-o',
      'Debug::NoLocking=1',
      '-o',
      'APT::Sandbox::User=root',
    ]
    const download = () =>
      run(
        'apt-get',
        ['-qq', '-y', '--no-install-recommends', '--download-only', ...options, 'install', ...packages],
        { env },
      )
    let code = await download()
    // The lists of a fresh image are empty, and those of an old one name what is gone.
    if (code !== 0 && process.getuid?.() === 0)
      code = (await run('apt-get', ['-qq', 'update'], { env })) || (await download())
    if (code !== 0) return code
    const target = join(folder, 'unpacked')
    for (const name of readdirSync(archives).filter((file) => file.endsWith('.deb'))) {
      code = await run('dpkg-deb', ['-x', join(archives, name), target])
      if (code !== 0) return code
    }
    rmSync(unpacked, { recursive: true, force: true })
    // Whole or not at all, whoever else is fetching.
    renameSync(target, unpacked)
    return 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv[1] === join(root, 'scripts/proxies.mjs')) {
  const { found, reason } = process.argv.includes('--find') ? { found: findProxies() } : await ensureProxies()
  if (reason) console.error(reason)
  console.log(JSON.stringify(found))
}
