import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { listening } from './port.ts'

/** `up`: what clients say is lost; `down`: what the server says. Neither end is told. */
export type Direction = 'up' | 'down' | 'both'

/** A TCP proxy whose connections go dark in one direction, or in both; those that come later are not. */
export interface DarkProxy {
  readonly url: string
  /** Connections there ever were. */
  readonly accepted: number
  darken(direction: Direction): void
}

export async function darkProxy(originPort: number): Promise<DarkProxy> {
  const pairs: { readonly client: Socket; readonly origin: Socket; dark: Direction | undefined }[] = []
  const server = createServer((client) => {
    const origin = connect(originPort, '127.0.0.1')
    const pair = { client, origin, dark: undefined as Direction | undefined }
    pairs.push(pair)
    const lets = (direction: 'up' | 'down') => pair.dark !== 'both' && pair.dark !== direction
    client.on('data', (chunk) => lets('up') && origin.write(chunk))
    origin.on('data', (chunk) => lets('down') && client.write(chunk))
    client.on('error', () => {}).on('close', () => lets('up') && origin.destroy())
    origin.on('error', () => {}).on('close', () => lets('down') && client.destroy())
  })
  const port = await listening(server)
  onTestFinished(() => {
    for (const { client, origin } of pairs) {
      client.destroy()
      origin.destroy()
    }
    server.close()
  })
  return {
    url: `http://127.0.0.1:${port}`,
    get accepted() {
      return pairs.length
    },
    darken(direction) {
      for (const pair of pairs) pair.dark = direction
    },
  }
}
