import type { IncomingMessage } from 'node:http'

/** Only a page of this demo, or a script, on this machine may break things: another site's page could ask as well. */
export function mayBreak({ method, headers, socket }: IncomingMessage): boolean {
  const { origin, host } = headers
  return (
    method === 'POST' &&
    isLoopback(socket.remoteAddress ?? '') &&
    (origin === undefined || sameHost(origin, host))
  )
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}

function sameHost(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host
}
