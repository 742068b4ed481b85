// What the tests under test/torture use of the machine. Where one is missing they leave out what needs it, and say so; a
// machine of a CI as root gets it.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { install, mayInstall } from './apt.mjs'
import { machineEnv } from './toolchain.mjs'

/** Program and Debian packages of each. */
const tools = {
  cc: ['gcc', 'libc6-dev'],
  faketime: ['faketime'],
  losetup: ['mount'],
  'mkfs.ext4': ['e2fsprogs'],
  python3: ['python3'],
  strace: ['strace'],
  unshare: ['util-linux'],
}

function isThere(program) {
  const folders = [...(machineEnv.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => existsSync(join(folder || '.', program)))
}

/** Resolves with what is missing after that, by the names of the programs. */
export async function ensureTortureTools() {
  const missing = () => Object.keys(tools).filter((program) => !isThere(program))
  if (missing().length > 0 && process.env['CI'] && process.platform === 'linux' && mayInstall()) {
    console.log(`Installing ${missing().join(', ')} for the torture tests (apt-get install) ...`)
    await install(...missing().flatMap((program) => tools[program]))
  }
  return missing()
}
