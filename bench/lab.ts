// The folder in which the bench builds and unpacks what it measures. Nothing is installed on the machine.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const here = dirname(fileURLToPath(import.meta.url))
export const root = dirname(here)
/** Kept between runs: a second one begins at once. */
export const lab = join(tmpdir(), 'everwire-bench')
export const loadPath = join(lab, 'load')
export const limitPath = join(lab, 'limit')
const debianRoot = join(lab, 'debian')

export const npmPackages = {
  'better-sse': '0.16.1',
  bun: '1.4.4',
  express: '5.3.0',
  'socket.io': '4.8.4',
  ws: '8.23.0',
}
const debianPackages = ['nginx', 'libnginx-mod-nchan', 'nats-server']

export type Need = 'npm' | 'debian'

/** Why something cannot be measured here. */
export class Missing extends Error {}

function run(command: string, args: readonly string[], cwd = lab): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (error) throw new Missing(`${command}: ${error.message}`)
  if (status !== 0)
    throw new Missing(`${command} ${args[0] ?? ''} failed: ${(stderr || stdout).trim().slice(-400)}`)
  return stdout
}

/** Compiles the generator and the limit; without these nothing can be measured. Throws Missing. */
export function buildTools(): void {
  if (process.platform !== 'linux') throw new Missing('the bench reads /proc and uses epoll: it needs Linux')
  mkdirSync(lab, { recursive: true })
  const flags = ['-O2', '-Wall', '-Wextra']
  const load = globSync(join(here, 'load', '*.c'))
  try {
    run('cc', [...flags, '-DDEFLATE', '-o', loadPath, ...load, '-lz'])
  } catch {
    // Without zlib.h everything but the compressed works can be measured.
    run('cc', [...flags, '-o', loadPath, ...load])
  }
  run('cc', [...flags, '-o', limitPath, join(here, 'servers', 'limit.c')])
}

/** Brings what a server under test needs. Throws Missing. */
export function provide(need: Need): void {
  if (need === 'npm') {
    cpSync(join(here, 'servers'), join(lab, 'servers'), { recursive: true })
    const wanted = JSON.stringify({ private: true, type: 'module', dependencies: npmPackages }, null, 2)
    writeFileSync(join(lab, 'package.json'), wanted)
    const there = Object.keys(npmPackages).every((name) => existsSync(join(lab, 'node_modules', name)))
    if (!there) run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'])
    return
  }
  if (existsSync(debianRoot)) return
  const archives = join(lab, 'archives')
  mkdirSync(archives, { recursive: true })
  run('apt-get', ['download', ...debianPackages], archives)
  for (const archive of globSync(join(archives, '*.deb'))) run('dpkg', ['-x', archive, debianRoot])
}

/** A file of the unpacked Debian packages. */
export const debian = (path: string) => join(debianRoot, path)

/** First line of what a program prints about itself. */
export function versionOf(command: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  return `${stdout}${stderr}`.split('\n')[0]?.trim() ?? ''
}
