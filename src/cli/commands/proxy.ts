import type { ParsedArgs } from 'citty'
import { type Manual, command } from '../command.ts'
import { usage } from '../failure.ts'
import { defaultPort } from '../listening.ts'
import { recommended } from '../proxies/recommended.ts'
import type { Site } from '../proxies/site.ts'

const args = {
  listen: {
    type: 'string',
    valueHint: '[HOST:]PORT',
    description: 'where the proxy listens (default 80, or 443 with --tls-cert)',
  },
  upstream: {
    type: 'string',
    valueHint: 'HOST:PORT',
    default: `127.0.0.1:${defaultPort}`,
    description: 'where Everwire listens',
  },
  'tls-cert': {
    type: 'string',
    valueHint: 'FILE',
    description:
      'HTTPS and HTTP/2 with this certificate and its chain, in PEM; for haproxy with its key, too',
  },
  'tls-key': { type: 'string', valueHint: 'FILE', description: 'the key of the certificate, in PEM' },
} as const

const names = [...recommended.keys()].join(', ')

const manual: Manual = {
  name: 'proxy',
  summary: 'print a configuration for nginx, haproxy, caddy or apache',
  operands: 'NAME',
  description: [
    `Prints a configuration with which every transport passes a proxy: ${names}. WebSockets are upgraded, events`,
    'leave at once, and what has heartbeats is not cut.',
  ],
  examples: [
    ['everwire proxy nginx > /etc/nginx/conf.d/everwire.conf', 'in front of a server on port 4000'],
    [
      'everwire proxy haproxy --tls-cert /etc/ssl/app.pem --upstream 10.0.0.7:4000',
      'HTTPS and HTTP/2, Everwire on another machine',
    ],
    ['everwire proxy caddy --listen 127.0.0.1:8080', 'on this machine only'],
  ],
}

export const proxyCommand = command(manual, args, print)

async function print(given: ParsedArgs<typeof args>): Promise<void> {
  const [name, more] = given._
  const find = name === undefined ? undefined : recommended.get(name)
  if (!find || more !== undefined)
    throw usage(
      `proxy takes one of ${names}${name === undefined ? '' : `; it is given "${given._.join(' ')}"`}.`,
    )
  const tls = tlsOf(name, given['tls-cert'], given['tls-key'])
  process.stdout.write(
    find({ ...listenOf(given.listen ?? (tls ? '443' : '80')), upstream: upstreamOf(given.upstream), tls }),
  )
}

/** A host as all four take it: a name, IPv4, or IPv6 in brackets; nothing that could end a directive. */
const host = String.raw`[\w.-]+|\[[\da-fA-F:.]+\]`

function listenOf(text: string): Pick<Site, 'host' | 'port'> {
  const [, name, port] = new RegExp(`^(?:(${host})?:)?(\\d{1,5})$`).exec(text) ?? []
  if (!isPort(port)) throw usage(`--listen takes a port, or an address and a port; it is given "${text}".`)
  return { host: name, port: Number(port) }
}

function upstreamOf(text: string): string {
  const [, , port] = new RegExp(`^(${host}):(\\d{1,5})$`).exec(text) ?? []
  if (isPort(port)) return text
  throw usage(`--upstream takes a host and a port, as 127.0.0.1:${defaultPort}; it is given "${text}".`)
}

function isPort(text: string | undefined): boolean {
  return Number(text) > 0 && Number(text) < 65_536
}

function tlsOf(proxy: string | undefined, cert: string | undefined, key: string | undefined): Site['tls'] {
  for (const file of [cert, key]) {
    if (file !== undefined && !/^[\w./@+-]+$/.test(file))
      throw usage(`A path of letters, digits and ./@+_- fits all of them; it is given "${file}".`)
  }
  if (proxy === 'haproxy' && key !== undefined)
    throw usage(
      'haproxy takes certificate, chain and key from one file: give it as --tls-cert, without --tls-key.',
    )
  if (cert === undefined && key !== undefined)
    throw usage('--tls-key belongs to a certificate: give --tls-cert, too.')
  if (cert !== undefined && key === undefined && proxy !== 'haproxy')
    throw usage('--tls-cert needs its key: give --tls-key, too.')
  return cert === undefined ? undefined : { cert, key: key ?? cert }
}
