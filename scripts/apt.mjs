// Debian packages for this machine, where it may install them.
import { existsSync } from 'node:fs'
import { machineEnv, run } from './toolchain.mjs'

export const mayInstall = () => process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')

/** Resolves with apt-get's exit code. */
export async function install(...packages) {
  const env = { ...machineEnv, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args) => run('apt-get', ['-q', '-y', ...args], { env })
  return (await apt('update')) || apt('install', '--no-install-recommends', ...packages)
}
