import { platform } from '../../../src/client/env.ts'
import { presence, type Members } from '../../../src/client/presence.ts'
import { poll } from '../../../src/client/transports/poll.ts'
import { sse } from '../../../src/client/transports/sse.ts'
import type { TransportName } from '../../../src/client/transports/transport.ts'
import { websocket } from '../../../src/client/transports/websocket.ts'
import { Wire } from '../../../src/client/wire.ts'
import type { Reader, Setting } from './bare.ts'
import { authorOf, Chronicle, type Seen } from './history.ts'
import { room } from './world.ts'

export const transports: readonly TransportName[] = ['websocket', 'sse', 'poll']

/** The SDK as an application has it, but that it waits a tenth of its usual time between attempts. */
export function sdk({ url, random }: Setting, token: string, ways: readonly TransportName[]): Wire {
  const env = { ...platform, random: () => random() * 0.1, transports: { websocket, sse, poll } }
  return new Wire([`${url}/wire`], { transports: ways, token }, env, () => () => {})
}

/** What an application sees of the SDK. */
export class SdkReader implements Reader {
  readonly name: string
  readonly level = 'application'
  readonly seen: Chronicle<Seen>
  readonly channels: string[] = []
  readonly #wire: Wire
  readonly #setting: Setting
  #transport: TransportName
  #lostAt: number | undefined
  #members: Members<unknown> = new Map()
  #whole = false

  constructor(name: string, setting: Setting, ways: readonly TransportName[] = transports) {
    this.name = name
    this.#setting = setting
    this.seen = new Chronicle(setting.folder, name)
    this.#wire = sdk(setting, name.replaceAll(' ', '-'), ways)
    this.#transport = ways[0] ?? 'websocket'
    this.#wire.on('transport', ({ transport }) => (this.#transport = transport))
    this.#wire.on('state', (state) => {
      if (state !== 'live' && state !== 'recovered') this.#lostAt ??= performance.now()
      else if (this.#lostAt !== undefined) {
        setting.tally.back(this.#transport, 'application', performance.now() - this.#lostAt)
        this.#lostAt = undefined
      }
    })
    // What it takes to come up for the first time is no recovery.
    this.#lostAt = undefined
  }

  /** One more channel, whatever else is under way. */
  listen(name: string, after: string): void {
    const { tally } = this.#setting
    const channel = this.#wire.channel(name).begin({ after })
    this.channels.push(name)
    this.seen.add({ type: 'begin', channel: name, at: after })
    channel.onMessage(({ id, data, slot = '', removed = false }) => {
      if (id === undefined) tally.signals++
      else tally.deliveries++
      this.seen.add({ type: 'message', channel: name, id, who: authorOf(data, removed), slot, removed })
    })
    channel.on('gap', ({ reason, oldest, id }) => {
      tally.count(tally.gaps, reason)
      // Of several gaps only the last states a position.
      const at = id === undefined ? undefined : channel.position
      this.seen.add({ type: 'gap', channel: name, reason, at, oldest })
    })
    channel.on('snapshot', ({ phase }) => this.seen.add({ type: 'snapshot', channel: name, phase }))
    channel.on('error', (error) => {
      this.seen.add({ type: 'gap', channel: name, reason: `denied: ${error.code}` })
    })
  }

  /** A channel more or less makes event streams and polls begin anew while they go on. */
  join(name: string): () => void {
    return this.#wire.channel(name).onMessage(() => {})
  }

  watch(): void {
    const companion = this.#wire.channel(`$presence/${room}`)
    companion.on('snapshot', ({ phase }) => (this.#whole = phase === 'end'))
    presence(this.#wire.channel(room)).on('change', (members) => (this.#members = members))
  }

  /** Who is there, as far as it sees. */
  get present(): readonly string[] {
    if (!this.#whole) return ['a snapshot that has not ended']
    return [...this.#members.values()].map((data) => (data as { name: string }).name).toSorted()
  }

  enter(): void {
    // What is wrong shows when it is not seen by the others.
    presence(this.#wire.channel(room))
      .enter({ name: this.name })
      .catch(() => {})
  }

  leave(): Promise<void> {
    return presence(this.#wire.channel(room)).leave()
  }

  get condition(): string {
    const each = this.channels.map(
      (name) => `${name} ${this.#wire.channel(name).state} ${this.reached(name)}`,
    )
    return `${this.name} (${this.#wire.state}, ${this.#transport}: ${each.join(', ')})`
  }

  reached(channel: string): string | undefined {
    return this.#wire.channel(channel).position
  }

  close(): void {
    this.#wire.close()
  }
}
