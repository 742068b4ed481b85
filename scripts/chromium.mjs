// Finds a Chromium for the browser tests, and on Debian as root installs one.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { install, mayInstall } from './apt.mjs'
import { machineEnv } from './toolchain.mjs'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const fixed = ['/usr/bin/chromium', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome']

function find() {
  const folders = machineEnv.PATH.split(delimiter).filter(Boolean)
  const candidates = [...fixed, ...names.flatMap((name) => folders.map((folder) => join(folder, name)))]
  return candidates.find((path) => existsSync(path))
}

/** Either `{ path }`, or `{ reason }`: why there is none and what to do about it. */
export async function ensureChromium() {
  const named = process.env['CHROMIUM']
  if (named)
    return existsSync(named) ? { path: named } : { reason: `CHROMIUM names ${named}, which does not exist` }
  const found = find()
  if (found) return { path: found }
  if (!mayInstall()) {
    return { reason: 'no Chromium here: install chromium or google-chrome, or set CHROMIUM to its path' }
  }
  console.log('Installing Chromium for the browser tests (apt-get install chromium) ...')
  const code = await install('chromium')
  const installed = find()
  return installed
    ? { path: installed }
    : { reason: `apt-get could not install chromium (exit code ${code})` }
}
