import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { WebSocket } from 'ws'
import type { Wire } from '../../../src/client/wire.ts'
import { parsePosition } from '../../../src/protocol/position.ts'
import type { Seen } from './judge.ts'
import { pause, textOf, watchdog } from './publishers.ts'

/** Reads for as long as it may, through every drop, and writes down what it sees. */
export interface Reader {
  readonly name: string
  readonly seen: Seen[]
  /** How far it has come in a channel: `seq-epoch`. */
  reached(channel: string): string | undefined
  close(): void
}

type Wired = Readonly<Record<string, unknown>> & { readonly id?: string; readonly channel?: string }

/** What bare clients share: a list of channels, and what they write down of each message of the protocol. */
abstract class Bare implements Reader {
  readonly name: string
  readonly seen: Seen[] = []
  protected readonly channels: readonly string[]
  protected readonly url: string
  protected over = false
  readonly #reached = new Map<string, string>()
  readonly #begun = new Set<string>()

  constructor(name: string, url: string, channels: readonly string[]) {
    this.name = name
    this.url = url
    this.channels = channels
  }

  reached(channel: string): string | undefined {
    return this.#reached.get(channel)
  }

  close(): void {
    this.over = true
  }

  protected begin(channel: string, at: string): void {
    if (this.#begun.has(channel)) return
    this.#begun.add(channel)
    this.seen.push({ type: 'begin', channel, at })
  }

  protected message({ channel = '', id, data, slot, removed }: Wired): void {
    this.seen.push({ type: 'message', channel, id, data, slot: slot as string, removed: removed === true })
    if (id !== undefined) this.#reached.set(channel, id)
  }

  protected gap({ channel = '', reason, oldest }: Wired, at: string | undefined): void {
    this.seen.push({ type: 'gap', channel, reason: String(reason), at, oldest: oldest as string })
    if (at !== undefined) this.#reached.set(channel, at)
  }

  protected snapshot({ channel = '', phase }: Wired): void {
    this.seen.push({ type: 'snapshot', channel, phase: phase === 'end' ? 'end' : 'begin' })
  }

  protected proved(channel: string, at: string): void {
    this.begin(channel, at)
    this.seen.push({ type: 'proved', channel, at })
    this.#reached.set(channel, at)
  }

  /** A position of the whole list. */
  protected stated(id: string, except?: string): void {
    const { seq, epoch, floors } = parsePosition(id)
    for (const [index, channel] of this.channels.entries()) {
      const at = `${Math.max(seq, floors.get(index) ?? 0)}-${epoch}`
      if (channel !== except) this.proved(channel, at)
    }
  }

  protected reach(id: string, channel: string): string {
    const { seq, epoch, floors } = parsePosition(id)
    return `${Math.max(seq, floors.get(this.channels.indexOf(channel)) ?? 0)}-${epoch}`
  }
}

/** An event stream that is resumed by `Last-Event-ID` alone. Nothing is filtered: a repeat is the server's. */
export class BareSse extends Bare {
  readonly #start: string
  #id: string | undefined
  #abort = new AbortController()

  constructor(name: string, url: string, channels: readonly string[], start: string) {
    super(name, url, channels)
    this.#start = start
    void this.#run()
  }

  override close(): void {
    super.close()
    this.#abort.abort()
  }

  async #run(): Promise<void> {
    const query = this.channels.map((channel) => `channel=${channel}`).join('&')
    while (!this.over) {
      this.#abort = new AbortController()
      const silence = watchdog(1_300, () => this.#abort.abort())
      try {
        const headers = this.#id === undefined ? {} : { 'last-event-id': this.#id }
        const { signal } = this.#abort
        const response = await fetch(`${this.url}/wire/sse?envelope=1&${query}&${this.#start}`, {
          headers,
          signal,
        })
        if (response.status !== 200) throw new Error(await response.text())
        const parser = createParser({ onEvent: (event) => this.#take(event) })
        const decoder = new TextDecoder()
        for await (const chunk of response.body ?? []) {
          silence.heard()
          parser.feed(decoder.decode(chunk, { stream: true }))
        }
      } catch {
        // Cut, refused or silent: it comes back.
      }
      silence.stop()
      await pause(10)
    }
  }

  #take({ event = 'message', id, data }: EventSourceMessage): void {
    const value: Wired = JSON.parse(data)
    if (event === 'message') this.message(value)
    else if (event === 'gap')
      this.gap(value, id === undefined ? undefined : this.reach(id, value.channel ?? ''))
    else if (event === 'snapshot') this.snapshot(value)
    if (id === undefined) return
    this.#id = id
    this.stated(id, event === 'gap' ? value.channel : undefined)
  }
}

function seqOf(id: unknown): number {
  return parsePosition(String(id)).seq
}

/** Polls with the id of the last answer. */
export class BarePoll extends Bare {
  #after: string

  constructor(name: string, url: string, channels: readonly string[], after: string) {
    super(name, url, channels)
    this.#after = after
    for (const channel of channels) this.begin(channel, after)
    void this.#run()
  }

  async #run(): Promise<void> {
    const query = this.channels.map((channel) => `channel=${channel}`).join('&')
    while (!this.over) {
      try {
        const signal = AbortSignal.timeout(1_500)
        const response = await fetch(`${this.url}/wire/poll?wait=0.4&${query}&after=${this.#after}`, {
          signal,
        })
        if (response.status === 200) this.#take(await response.json())
        else await pause(20)
      } catch {
        await pause(10)
      }
    }
  }

  #take({
    messages,
    gaps,
    snapshots,
    id,
  }: Record<'messages' | 'gaps' | 'snapshots', Wired[]> & { id: string }): void {
    const told: [place: number, tell: () => void][] = [
      ...gaps.map((gap): [number, () => void] => [
        gap['reason'] === 'expired' ? seqOf(gap['after']) + 0.5 : -2,
        () => this.gap(gap, this.reach(gap.id ?? gaps.at(-1)?.id ?? id, gap.channel ?? '')),
      ]),
      ...snapshots.map((mark): [number, () => void] => [
        mark['phase'] === 'begin' ? -1 : seqOf(mark.id) + 0.5,
        () => this.snapshot(mark),
      ]),
      ...messages.map((message): [number, () => void] => [seqOf(message.id), () => this.message(message)]),
    ]
    for (const [, tell] of told.sort(([a], [b]) => a - b)) tell()
    this.#after = id
    this.stated(id)
  }
}

/** A WebSocket that resumes each channel from the last id it has of it. */
export class BareWebSocket extends Bare {
  readonly #after = new Map<string, string>()
  readonly #inSnapshot = new Set<string>()
  #socket: WebSocket | undefined

  constructor(name: string, url: string, channels: readonly string[], after: string) {
    super(name, url, channels)
    for (const channel of channels) {
      this.#after.set(channel, after)
      this.begin(channel, after)
    }
    void this.#run()
  }

  override close(): void {
    super.close()
    this.#socket?.terminate()
  }

  async #run(): Promise<void> {
    while (!this.over) {
      const socket = new WebSocket(`${this.url.replace('http', 'ws')}/wire/ws`)
      this.#socket = socket
      const ended = new Promise<void>((resolve) => socket.once('close', resolve))
      const silence = watchdog(1_300, () => socket.terminate())
      const subscribed = new Set<string>()
      socket.on('error', () => {})
      socket.on('message', (data) => {
        silence.heard()
        if (!this.over) this.#take(socket, subscribed, JSON.parse(textOf(data)))
      })
      await ended
      silence.stop()
      await pause(10)
    }
  }

  #take(socket: WebSocket, subscribed: Set<string>, said: Wired): void {
    const { type, channel = '', id } = said
    if (type === 'welcome') {
      for (const each of this.channels) {
        // Cut off inside a snapshot it starts anew.
        const after = this.#inSnapshot.has(each) ? {} : { after: this.#after.get(each) }
        socket.send(JSON.stringify({ type: 'subscribe', channel: each, ...after }))
      }
    }
    if (type === 'ping') socket.send('{"type":"ping"}')
    if (type === 'message') this.message(said)
    if (type === 'gap') this.gap(said, id)
    if (type === 'snapshot') {
      this.snapshot(said)
      if (said['phase'] === 'begin') this.#inSnapshot.add(channel)
      else this.#inSnapshot.delete(channel)
    }
    if (type === 'subscribed') subscribed.add(channel)
    if (id === undefined) return
    const about = type === 'position' ? [...subscribed] : [channel]
    for (const each of about) {
      // A start anew says where it begins, which is before what is held.
      if (type === 'subscribed' && this.#inSnapshot.has(each)) continue
      this.#after.set(each, id)
      if (type !== 'gap' && type !== 'message') this.proved(each, id)
    }
  }
}

/** What an application sees of the SDK. */
export class SdkReader implements Reader {
  readonly name: string
  readonly seen: Seen[] = []
  readonly #wire: Wire

  constructor(name: string, wire: Wire) {
    this.name = name
    this.#wire = wire
  }

  /** One more channel, whatever else is under way. */
  listen(name: string, after: string): void {
    const channel = this.#wire.channel(name, { after })
    this.seen.push({ type: 'begin', channel: name, at: after })
    channel.onMessage(({ id, data, slot, removed }) => {
      this.seen.push({ type: 'message', channel: name, id, data, slot, removed })
    })
    channel.on('gap', ({ reason, oldest, id }) => {
      // Of several gaps only the last states a position.
      const at = id === undefined ? undefined : channel.position
      this.seen.push({ type: 'gap', channel: name, reason, at, oldest })
    })
    channel.on('snapshot', ({ phase }) => this.seen.push({ type: 'snapshot', channel: name, phase }))
    channel.on('error', (error) => {
      this.seen.push({ type: 'gap', channel: name, reason: `denied: ${error.code}`, at: undefined })
    })
  }

  reached(channel: string): string | undefined {
    return this.#wire.channel(channel).position
  }

  close(): void {
    this.#wire.close()
  }
}
