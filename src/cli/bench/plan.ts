import { usage } from '../failure.ts'
import { wholeNumber } from '../options.ts'
import { checkChannel } from '../target.ts'
import { minSize } from './stamp.ts'

export const transports = ['websocket', 'sse', 'poll'] as const
export type Transport = (typeof transports)[number]

/** A load, decided to the last detail; it always has an end. */
export interface Plan {
  /** The server's base URL, without a slash at the end. */
  readonly base: string
  readonly token: string | undefined
  /** Subscribers of each transport. */
  readonly clients: Readonly<Record<Transport, number>>
  /** Publishes a second, over all channels. */
  readonly rate: number
  readonly seconds: number
  readonly channels: readonly string[]
  /** Bytes of each message's data. */
  readonly size: number
  /** The share of connections that is cut in a second, 0 to 1. */
  readonly drop: number
  readonly seed: number
  /** Tells the messages of this run from all others. */
  readonly run: string
}

/** The limits of what can be asked for: beyond them a single machine measures only itself. */
const most = { clients: 10_000, rate: 10_000, seconds: 3_600, size: 65_536, publishes: 1_000_000 } as const

/** What was typed, as text. */
export interface Asked {
  readonly clients?: string | undefined
  readonly rate?: string | undefined
  readonly seconds?: string | undefined
  readonly mix?: string | undefined
  readonly transport?: string | undefined
  readonly channel?: string | undefined
  readonly channels?: string | undefined
  readonly size?: string | undefined
  readonly drop?: string | undefined
  readonly seed?: string | undefined
}

/** The plan that was asked for. Throws a usage Failure for what cannot be meant. */
export function planOf(
  asked: Asked,
  to: { readonly base: string; readonly token: string | undefined },
): Plan {
  const clients = wholeNumber(asked.clients, '--clients', 1, most.clients) ?? 100
  const rate = wholeNumber(asked.rate, '--rate', 1, most.rate) ?? 10
  const seconds = wholeNumber(asked.seconds, '--seconds', 1, most.seconds) ?? 10
  const count = wholeNumber(asked.channels, '--channels', 1, clients) ?? 1
  if (rate * seconds > most.publishes)
    throw usage(
      `--rate times --seconds may be ${most.publishes.toLocaleString('en')} publishes at most; these are ${(rate * seconds).toLocaleString('en')}.`,
    )
  const channel = asked.channel ?? 'bench'
  const channels = count === 1 ? [channel] : Array.from({ length: count }, (_, i) => `${channel}/${i + 1}`)
  for (const name of channels) checkChannel(name)
  return {
    ...to,
    clients: shared(clients, mixOf(asked.mix, asked.transport)),
    rate,
    seconds,
    channels,
    size: wholeNumber(asked.size, '--size', minSize, most.size) ?? 128,
    drop: shareOf(asked.drop),
    seed: wholeNumber(asked.seed, '--seed', 0, 2 ** 32 - 1) ?? Math.floor(Math.random() * 2 ** 32),
    run: Math.random().toString(36).slice(2, 10).padEnd(8, '0'),
  }
}

/**
 * The transport of every client, in the order in which they come, mixed, so that none has the cold start to itself.
 * Clients take channels and threads in turn.
 */
export function clientsOf({ clients }: Plan): readonly Transport[] {
  return transports
    .flatMap((name) =>
      Array.from({ length: clients[name] }, (_, i) => ({ name, at: (i + 0.5) / clients[name] })),
    )
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name)
}

type Mix = ReadonlyMap<Transport, number>

function mixOf(mix: string | undefined, transport: string | undefined): Mix {
  if (mix !== undefined && transport !== undefined) throw usage('--mix and --transport exclude each other.')
  if (transport !== undefined) {
    if (isTransport(transport)) return new Map([[transport, 1]])
    throw usage(`--transport takes websocket, sse or poll; it is given "${transport}".`)
  }
  const parts = new Map<Transport, number>()
  for (const part of (mix ?? 'websocket=50,sse=30,poll=20').split(',')) {
    const [, name = '', weight = ''] = /^\s*([a-z]+)=(\d{1,6})%?\s*$/.exec(part) ?? []
    if (!isTransport(name) || parts.has(name))
      throw usage(`--mix takes shares like websocket=50,sse=30,poll=20; it is given "${mix}".`)
    parts.set(name, Number(weight))
  }
  if ([...parts.values()].every((weight) => weight === 0)) throw usage('--mix leaves no client at all.')
  return parts
}

function isTransport(name: string): name is Transport {
  return transports.some((known) => known === name)
}

/** So many clients in these shares: what rounding leaves over goes to the largest remainders. */
function shared(clients: number, mix: Mix): Record<Transport, number> {
  const whole = [...mix.values()].reduce((sum, weight) => sum + weight, 0)
  const exact = [...mix].map(([name, weight]) => ({ name, share: (clients * weight) / whole }))
  const counts = { websocket: 0, sse: 0, poll: 0 }
  for (const { name, share } of exact) counts[name] = Math.floor(share)
  let left = clients - exact.reduce((sum, { share }) => sum + Math.floor(share), 0)
  for (const { name } of exact.sort((a, b) => (b.share % 1) - (a.share % 1))) if (left-- > 0) counts[name]++
  return counts
}

function shareOf(text: string | undefined): number {
  if (text === undefined) return 0
  const percent = /^\d{1,3}(\.\d{1,3})?%?$/.test(text) ? parseFloat(text) : NaN
  if (percent <= 100) return percent / 100
  throw usage(`--drop takes a share of the connections, like 5%; it is given "${text}".`)
}
