import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { WebSocket } from 'ws'
import { parsePosition } from '../../../src/protocol/position.ts'
import { Bare, type Setting, type Wired } from './bare.ts'
import { pause, textOf, watchdog } from './publishers.ts'

/** What is silent for so long has gone: three heartbeats. */
const silenceMs = 3_000

/** How a bare client reads: at once, or with pauses that let the server's buffers fill up. */
export type Pace = 'at once' | 'slowly'

/**
 * A list of channels by event streams, polls and WebSockets, one after the other when there are several ways: each goes
 * on from what the one before it had come to. Nothing is filtered: a repeat is the server's.
 */
export class BareReader extends Bare {
  readonly #ways: readonly ('sse' | 'poll' | 'websocket')[]
  #pace: Pace
  /** Until it has a position: what it asks for first. */
  readonly #start: string
  /** Of the whole list. */
  #at: string | undefined
  /** Of each channel, beyond that. */
  readonly #own = new Map<string, string>()
  readonly #inSnapshot = new Set<string>()
  #way = 0
  #hangUp: () => void = () => {}

  constructor(
    name: string,
    setting: Setting,
    channels: readonly string[],
    ways: readonly ('sse' | 'poll' | 'websocket')[],
    start: string,
    pace: Pace = 'at once',
  ) {
    super(name, setting, channels)
    this.#ways = ways
    this.#start = start
    this.#pace = pace
    const at = this.#startAt()
    if (at !== undefined) for (const channel of channels) this.begin(channel, at)
    void this.#run()
  }

  override close(): void {
    super.close()
    this.#hangUp()
  }

  /** Takes the next way from here on. */
  change(): void {
    if (this.#ways.length === 1) return
    this.#way++
    this.#hangUp()
  }

  /** Reads slowly no longer: whatever it is owed may come at once. */
  hurry(): void {
    this.#pace = 'at once'
  }

  async #run(): Promise<void> {
    while (!this.over) {
      const way = this.#ways[this.#way % this.#ways.length]
      try {
        if (way === 'sse') await this.#stream()
        else if (way === 'poll') await this.#poll()
        else await this.#socket()
      } catch {
        // Cut, refused or silent: it comes back.
      }
      this.lost()
      await pause(10)
    }
  }

  get #slow(): boolean {
    return this.#pace === 'slowly'
  }

  #query(): string {
    const list = this.channels.map((channel) => `channel=${channel}`).join('&')
    if (this.#own.size === 0) return `${list}&${this.#at === undefined ? this.#start : `after=${this.#at}`}`
    // Positions of single channels, as a WebSocket has left them, one for each.
    const after = this.channels.map((channel) =>
      this.#inSnapshot.has(channel)
        ? 'now'
        : (this.#own.get(channel) ?? this.#at ?? this.#startAt() ?? 'now'),
    )
    return `${list}&${after.map((each) => `after=${each}`).join('&')}`
  }

  async #stream(): Promise<void> {
    const abort = new AbortController()
    this.#hangUp = () => abort.abort()
    const silence = watchdog(this.#slow ? 15_000 : silenceMs, this.#hangUp)
    try {
      const plain = this.#own.size === 0 && this.#at !== undefined
      const resumes = plain || this.#own.size > 0
      // The start stays in the URL, as an EventSource has it: `Last-Event-ID` wins.
      const headers: Record<string, string> = plain ? { 'last-event-id': this.#at ?? '' } : {}
      const list = this.channels.map((channel) => `channel=${channel}`).join('&')
      const query = plain ? `${list}&${this.#start}` : this.#query()
      const url = `${this.setting.url}/wire/sse?envelope=1&${query}`
      const response = await fetch(url, { headers, signal: abort.signal })
      if (response.status !== 200) throw new Error(await response.text())
      const parser = createParser({ onEvent: (event) => this.#event(event, resumes) })
      const decoder = new TextDecoder()
      for await (const chunk of response.body ?? []) {
        silence.heard()
        this.heard()
        parser.feed(decoder.decode(chunk, { stream: true }))
        if (this.#slow && this.setting.random() < 0.1) await pause(500 + this.setting.random() * 2_500)
      }
    } finally {
      silence.stop()
    }
  }

  #event({ event = 'message', id, data }: EventSourceMessage, resumes: boolean): void {
    // Said by the server itself: it ends the stream.
    if (event === 'error') return
    const value: Wired = JSON.parse(data)
    if (event === 'connected') this.connected('sse', resumes ? id !== undefined : undefined)
    if (event === 'message') this.message(value, id)
    else if (event === 'gap') this.gap(value, id, true)
    else if (event === 'snapshot') this.snapshot(value)
    if (id === undefined) return
    this.#at = id
    this.#own.clear()
    if (event !== 'message' && event !== 'gap') this.listed(id)
  }

  async #poll(): Promise<void> {
    let first = true
    const abort = new AbortController()
    this.#hangUp = () => abort.abort()
    while (!this.over && !abort.signal.aborted) {
      const signal = AbortSignal.any([AbortSignal.timeout(silenceMs), abort.signal])
      const response = await fetch(`${this.setting.url}/wire/poll?wait=0.4&${this.#query()}`, { signal })
      if (response.status !== 200) throw new Error(await response.text())
      const answer = (await response.json()) as Answer
      this.heard()
      const granted = !answer.gaps.some(({ reason }) => reason !== 'expired' && reason !== 'snapshot')
      const resumes = this.#at !== undefined || this.#own.size > 0
      if (first) this.connected('poll', resumes ? granted : undefined)
      first = false
      this.#answer(answer)
    }
  }

  #answer({ messages, gaps, snapshots, id }: Answer): void {
    let last = 0
    const told: [place: number, tell: () => void][] = [
      ...gaps.map((gap): [number, () => void] => [
        gap['reason'] === 'expired' ? seqOf(gap['after']) + 0.5 : -2,
        () =>
          this.gap(gap, gap.id === undefined ? undefined : this.reachOf(gap.id, gap.channel ?? ''), false),
      ]),
      ...snapshots.map((mark): [number, () => void] => [
        mark['phase'] === 'begin' ? -1 : seqOf(mark.id) + 0.5,
        () => this.snapshot(mark),
      ]),
      ...messages.map((message): [number, () => void] => [
        (last = message.id === undefined ? last : seqOf(message.id)),
        () => this.message(message),
      ]),
    ]
    for (const [, tell] of told.sort(([a], [b]) => a - b)) tell()
    this.#at = id
    this.#own.clear()
    this.listed(id)
  }

  /** Resumes each channel from the last id it has of it. */
  async #socket(): Promise<void> {
    const socket = new WebSocket(`${this.setting.url.replace('http', 'ws')}/wire/ws`)
    this.#hangUp = () => socket.terminate()
    const ended = new Promise<void>((resolve) => socket.once('close', resolve))
    const silence = watchdog(this.#slow ? 15_000 : silenceMs, this.#hangUp)
    const subscribed = new Set<string>()
    socket.on('error', () => {})
    socket.on('message', (data) => {
      silence.heard()
      this.heard()
      if (!this.over) this.#said(socket, subscribed, JSON.parse(textOf(data)))
      if (!this.#slow || this.setting.random() > 0.01) return
      socket.pause()
      setTimeout(() => socket.resume(), 500 + this.setting.random() * 2_500)
    })
    await ended
    silence.stop()
  }

  #said(socket: WebSocket, subscribed: Set<string>, said: Wired): void {
    const { type, channel = '', id } = said
    if (type === 'welcome') {
      this.connected('websocket', undefined)
      for (const each of this.channels) this.#subscribe(socket, each)
    }
    if (type === 'ping') socket.send('{"type":"ping"}')
    if (type === 'message') this.message(said)
    if (type === 'gap') this.gap(said, id, false)
    if (type === 'snapshot') this.snapshot(said)
    if (type === 'subscribed') {
      if (this.#afterOf(channel) !== undefined && !this.#inSnapshot.has(channel))
        this.resumption(id !== undefined)
      subscribed.add(channel)
    }
    if (id === undefined) return
    const about = type === 'position' ? [...subscribed] : [channel]
    for (const each of about) {
      // A start anew says where it begins, which is before what is held.
      if (type === 'subscribed' && this.#inSnapshot.has(each)) continue
      this.#own.set(each, id)
      if (type !== 'gap' && type !== 'message') this.proved(each, id)
    }
  }

  #subscribe(socket: WebSocket, channel: string): void {
    const after = this.#afterOf(channel)
    // Cut off inside a snapshot it starts anew.
    const start = after === undefined || this.#inSnapshot.has(channel) ? {} : { after }
    socket.send(JSON.stringify({ type: 'subscribe', channel, ...start }))
  }

  #afterOf(channel: string): string | undefined {
    const own = this.#own.get(channel)
    if (own !== undefined) return own
    return this.#at === undefined ? this.#startAt() : this.reachOf(this.#at, channel)
  }

  #startAt(): string | undefined {
    return /^after=(\d.*)$/.exec(this.#start)?.[1]
  }

  protected override snapshot(mark: Wired): void {
    super.snapshot(mark)
    if (mark['phase'] === 'begin') this.#inSnapshot.add(mark.channel ?? '')
    else this.#inSnapshot.delete(mark.channel ?? '')
  }
}

type Answer = Record<'messages' | 'gaps' | 'snapshots', Wired[]> & { readonly id: string }

function seqOf(id: unknown): number {
  return parsePosition(String(id)).seq
}
