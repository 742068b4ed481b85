import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statfsSync } from 'node:fs'

/** What this machine can do beyond what every machine can; otherwise why not. */
export interface Abilities {
  readonly mount: true | string
  readonly strace: true | string
  /** The library that lies about the clock, to be loaded first. */
  readonly fakeTime: { readonly path: string } | string
}

export function abilities(): Abilities {
  const linux = process.platform === 'linux' || 'needs Linux'
  const root = process.getuid?.() === 0 || 'needs root'
  return {
    mount: linux === true ? root : linux,
    strace: linux === true && root === true ? strace() : linux === true ? root : linux,
    fakeTime: linux === true ? fakeTime() : linux,
  }
}

function strace(): true | string {
  const args = ['-f', '-o', '/dev/null', '-e', 'inject=fsync:error=EIO', 'true']
  return spawnSync('strace', args).status === 0 || 'needs strace that may trace'
}

function fakeTime(): { readonly path: string } | string {
  const libraries = existsSync('/usr/lib') ? readdirSync('/usr/lib') : []
  const paths = libraries.map((each) => `/usr/lib/${each}/faketime/libfaketime.so.1`)
  const path = paths.find((each) => existsSync(each))
  return path === undefined ? 'needs libfaketime (Debian: faketime)' : { path }
}

/** A disk in memory that can be full. */
export class SmallDisk {
  readonly path: string

  constructor(path: string) {
    this.path = path
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8g', 'none', path])
  }

  /** From now on there is no room but what is taken, or a little more: it is being written to meanwhile. */
  fill(): void {
    for (let room = 64 * 1024; ; room *= 4) {
      const { blocks, bfree, bsize } = statfsSync(this.path)
      const size = (blocks - bfree) * bsize + room
      if (spawnSync('mount', ['-o', `remount,size=${size}`, this.path]).status === 0) return
      if (room > 1e9) throw new Error(`${this.path} cannot be made smaller`)
    }
  }

  free(): void {
    execFileSync('mount', ['-o', 'remount,size=8g', this.path])
  }

  close(): void {
    execFileSync('umount', ['--lazy', this.path])
  }
}
