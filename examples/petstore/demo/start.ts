import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Front } from './front.ts'
import { Supervisor } from './supervisor.ts'

export interface DemoOptions {
  /** 0 takes any free port. */
  readonly port: number
  readonly host?: string | undefined
  /** Absent: a folder that is removed at the end. It outlives what the visitor breaks all the same. */
  readonly data?: string | undefined
}

/**
 * The pet store as a demo: the application in a process of its own, which can be killed, behind a front that can
 * fail in the ways in which networks do.
 */
export async function startPetstore({ port, host = '127.0.0.1', data }: DemoOptions) {
  const folder = data ?? (await mkdtemp(join(tmpdir(), 'petstore-')))
  const remove = () => {
    if (data === undefined) rmSync(folder, { recursive: true, force: true })
  }
  // Also for an end that does not wait for `close`.
  process.once('exit', remove)
  const supervisor = new Supervisor(folder)
  const front = new Front(supervisor)

  async function close() {
    await Promise.all([front.close(), supervisor.close()])
    remove()
    process.off('exit', remove)
  }
  try {
    const bound = await front.listen(port, host)
    await supervisor.start()
    const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host
    return { url: `http://${name}:${bound}`, port: bound, close }
  } catch (error) {
    await close()
    throw error
  }
}
