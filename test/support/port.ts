import type { AddressInfo, Server } from 'node:net'

/** Listens on a port of loopback that the system gives, and answers which. */
export async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return portOf(server)
}

/** The port of a server that listens. */
export function portOf(server: Server): number {
  const address = server.address() as AddressInfo
  return address.port
}
