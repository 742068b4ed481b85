import { connect } from 'node:tls'

/** The protocol that an HTTPS server offers first (ALPN); undefined where that cannot be learnt. */
export function frontProtocol(url: URL, ms: number): Promise<string | undefined> {
  if (url.protocol !== 'https:') return Promise.resolve(undefined)
  const { hostname, port } = url
  const host = hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve) => {
    const name = /^[\d.]+$|:/.test(host) ? {} : { servername: host }
    // What it says of itself is all that is asked; whether it is trusted, the other probes show.
    const socket = connect({
      host,
      port: Number(port || 443),
      ALPNProtocols: ['h2', 'http/1.1'],
      rejectUnauthorized: false,
      timeout: ms,
      ...name,
    })
    const end = (protocol: string | undefined) => {
      socket.destroy()
      resolve(protocol)
    }
    socket.once('secureConnect', () => end(socket.alpnProtocol || 'http/1.1'))
    socket.once('timeout', () => end(undefined))
    socket.once('error', () => end(undefined))
  })
}
