import type { About, AddressClass, Posted } from '../../doctor/wire.ts'
import { doctorVersion, probeCookie } from '../../doctor/wire.ts'
import { isLoopback, judgeOrigin, type OriginRules } from '../../session/origins.ts'
import type { Exchange } from '../exchange.ts'
import type { Kernel } from '../kernel.ts'

/** Headers by which a proxy shows itself; only their names are told. */
const proxyHeaders = [
  'via',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-real-ip',
  'x-varnish',
  'cf-ray',
  'x-amzn-trace-id',
]

/** How a request has arrived. Tells its sender nothing of the application, of other clients or of the machine. */
export function arrived(exchange: Exchange, kernel: Pick<Kernel, 'now' | 'heartbeatMs' | 'limits'>): About {
  const { headers, query } = exchange
  return {
    doctor: doctorVersion,
    probe: probeOf(query),
    now: kernel.now(),
    http: exchange.httpVersion,
    address: addressClass(exchange.address),
    through: proxyHeaders.filter((name) => headers[name] !== undefined),
    lastEventId: headers['last-event-id']?.slice(0, 64),
    cookie: (headers['cookie'] ?? '').includes(`${probeCookie}=`),
    heartbeatMs: kernel.heartbeatMs,
    messageBytes: kernel.limits.messageBytes,
  }
}

/** The mark of a probe: whoever sent it gets it back, and nobody else. */
export function probeOf(query: URLSearchParams): string {
  return (query.get('probe') ?? '').slice(0, 40)
}

/** What the rules say of the page that asks. */
export function originOf({ headers }: Exchange, rules: OriginRules): Pick<Posted, 'origin' | 'origins'> {
  const { origin, host } = headers
  return {
    origin: origin === undefined ? 'none' : judgeOrigin(rules, origin, host).kind,
    origins: rules.allowed === undefined ? 'same-host' : 'list',
  }
}

/** RFC 1918, RFC 6598, RFC 3927, RFC 4193 and their likes. */
export function addressClass(address: string): AddressClass {
  if (isLoopback(address)) return 'loopback'
  const v4 = address.replace(/^::ffff:/i, '')
  const inside =
    /^(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/
  return inside.test(v4) || /^f(c|d|e[89ab])/i.test(address) ? 'private' : 'public'
}
