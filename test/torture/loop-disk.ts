import { execFile, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const source = fileURLToPath(new URL('loop-disk.c', import.meta.url))

/** Why there can be no such disk here; undefined when there can. */
export function noLoopDisk(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs Linux and root'
  const tools = ['cc', 'mkfs.ext4', 'mount', 'losetup', 'unshare']
  const missing = tools.filter((tool) => spawnSync('which', [tool]).status !== 0)
  if (missing.length > 0) return `needs ${missing.join(', ')}`
  const free = spawnSync('losetup', ['--find'])
  return free.status === 0 ? undefined : `no loop device: ${String(free.stderr).trim()}`
}

/** A small ext4 file system of its own, whose power can be cut. */
export class LoopDisk {
  /** Where it is mounted. */
  readonly path: string
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
    this.path = join(folder, 'mounted')
  }

  static async make(bytes: number): Promise<LoopDisk> {
    const disk = new LoopDisk(await mkdtemp(join(tmpdir(), 'everwire-disk-')))
    const image = await open(disk.#image, 'w')
    await image.truncate(bytes)
    await image.close()
    await run('mkfs.ext4', ['-q', '-F', disk.#image])
    await run('cc', ['-o', disk.#cutter, source])
    await mkdir(disk.path)
    await disk.mount()
    return disk
  }

  async mount(): Promise<void> {
    await run('mount', ['-o', 'loop', this.#image, this.path])
  }

  /**
   * As if the plug were pulled: nothing that is not on the disk gets there any more, and every write fails. Answers
   * when it began, as process.hrtime.bigint() counts.
   */
  async cutPower(): Promise<bigint> {
    const { stdout } = await run(this.#cutter, [this.path])
    return BigInt(stdout)
  }

  /** To be called when nobody has a file open. */
  async unmount(): Promise<void> {
    await run('umount', [this.path])
  }

  async destroy(): Promise<void> {
    // It is not mounted when a remount has failed.
    spawnSync('umount', ['--lazy', this.path])
    await rm(this.#folder, { recursive: true, force: true })
  }

  get #image(): string {
    return join(this.#folder, 'image')
  }

  get #cutter(): string {
    return join(this.#folder, 'cut-power')
  }
}
