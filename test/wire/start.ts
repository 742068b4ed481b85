import { connect, type Server } from 'node:net'
import { onTestFinished } from 'vitest'
import { everwire, type ChannelOptions, type Everwire, type EverwireOptions } from '../../src/index.ts'
import { listening } from '../support/port.ts'

/** Everybody may do everything on `open/*`; nobody may do anything elsewhere. */
export const openRules: Record<string, ChannelOptions> = {
  'open/*': { subscribe: true, publish: true, request: true, presence: true },
  'latest/*': { keep: 'latest', subscribe: true, publish: true },
  'signals/*': { keep: 'none', subscribe: true, publish: true },
}

/** Faults that the server reported; a test that expects none asserts so. */
export class Faults {
  readonly found: unknown[] = []
  error(details: object): void {
    this.found.push('err' in details ? details.err : details)
  }
  warn(): void {}
}

export interface Started {
  readonly wire: Everwire
  readonly url: string
  readonly port: number
  readonly faults: Faults
}

/** A stand-alone server on a free port of loopback, which ends with the test. */
export async function start(options: EverwireOptions = {}): Promise<Started> {
  const faults = new Faults()
  const wire = everwire({ channels: openRules, logger: faults, ...options })
  const { port, url } = await wire.listen(0, '127.0.0.1')
  onTestFinished(() => wire.close())
  return { wire, url, port, faults }
}

/** Listens on a free port of loopback; ends with the test. */
export async function listen(server: Server): Promise<string> {
  const port = await listening(server)
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${port}`
}

export function postOf(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  }
}

/** Sends these bytes and answers all that comes back until the peer ends. */
export function raw(port: number, ...pieces: (string | Uint8Array)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (data) => (text += String(data)))
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
    for (const piece of pieces) socket.write(piece)
  })
}

/** The error of an answer: its status and code. */
export async function refusal(response: Response): Promise<string> {
  const body = (await response.json()) as { error?: { code?: string; message?: string } }
  if (!body.error?.message) throw new Error(`no error in ${JSON.stringify(body)}`)
  return `${response.status} ${body.error.code}`
}
