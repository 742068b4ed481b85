import { existsSync } from 'node:fs'
import { certificateFault, faultText, lacksAuthority } from '../doctor/connecting.ts'
import { isLoopback } from '../session/origins.ts'
import { developmentFile } from './certificate.ts'

/** What makes this command trust the certificate of a server; undefined where the certificate is not what is wrong. */
export function trustHint({ hostname }: URL, code: string): string | undefined {
  if (certificateFault(code) === undefined) return undefined
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'Name the host as the certificate does, or have one made for this name.'
  if (!lacksAuthority(code)) return 'Have it renewed.'
  const file = developmentFile()
  const isOurs = code === 'DEPTH_ZERO_SELF_SIGNED_CERT' && isLoopback(hostname) && existsSync(file)
  if (isOurs && process.env['NODE_EXTRA_CA_CERTS'] !== file)
    return `Put NODE_EXTRA_CA_CERTS=${file} before the command: that is the certificate of \`everwire serve --tls-dev\` here.`
  return "Put NODE_EXTRA_CA_CERTS=FILE before the command, FILE being the certificate of who has signed it, in PEM, or its own where that is nobody; or NODE_USE_SYSTEM_CA=1 where this machine's other programs trust it."
}

/** Why nothing could be asked of a server, and what to do. */
export function faultAt(url: URL, code: string): string {
  const hint = trustHint(url, code)
  if (hint !== undefined) return `${url.origin} is not trusted: ${faultText(code)}. ${hint}`
  return `Nothing answers at ${url.origin}${code === '' ? '' : ` (${code})`}. ${hintFor(url, code)}`
}

function hintFor({ protocol }: URL, code: string): string {
  if (code === 'ECONNREFUSED') return 'Is the server running? `everwire serve --dev` starts one.'
  if (/^(EPROTO|ERR_SSL_)/.test(code)) return 'If it serves plain HTTP, its address begins with http:.'
  const closed = code === 'UND_ERR_SOCKET' || code === 'ECONNRESET'
  if (closed && protocol === 'http:') return 'If it serves HTTPS, its address begins with https:.'
  return 'Check the address in --url.'
}
