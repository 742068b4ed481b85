import { Outlet, type Link } from '../../../src/hub/outlet.ts'
import type { Reader } from '../../../src/hub/reader.ts'
import type { Start } from '../../../src/protocol/messages.ts'
import { parsePosition } from '../../../src/protocol/position.ts'
import { encodeLine, socketFormat, streamFormat, type Line } from './format.ts'
import { Judge, reach } from './judge.ts'
import type { World } from './world.ts'

/** A wire of small capacity whose bytes arrive when the test says so. */
class TestLink implements Link {
  readonly capacity: number
  #waiting = new Uint8Array(0)

  constructor(capacity: number) {
    this.capacity = capacity
  }

  get room(): number {
    return this.capacity - this.#waiting.length
  }

  get waiting(): number {
    return this.#waiting.length
  }

  send(bytes: Uint8Array): void {
    this.#waiting = Buffer.concat([this.#waiting, bytes])
  }

  take(bytes: number): Uint8Array {
    const taken = this.#waiting.subarray(0, bytes)
    this.#waiting = this.#waiting.subarray(bytes)
    return taken
  }
}

interface Connection {
  readonly link: TestLink
  readonly outlet: Outlet
  readonly readers: readonly Reader[]
  partial: string
}

export type Transport = 'stream' | 'socket'

/** A client as the protocol asks for one: keeps positions, hands them back, and is judged at every line. */
export class Client {
  readonly #world: World
  readonly #judge: Judge
  readonly #capacity: number
  transport: Transport
  readonly channels: string[] = []
  /** What to ask for, per channel: how it starts, until there is a position. */
  readonly #asked = new Map<string, Start>()
  readonly #inSnapshot = new Set<string>()
  #streamId: string | undefined
  #generation = 0
  #connection: Connection | undefined
  received = 0

  constructor(world: World, transport: Transport, capacity: number) {
    this.#world = world
    this.#judge = new Judge(world)
    this.transport = transport
    this.#capacity = capacity
  }

  get connected(): boolean {
    return this.#connection !== undefined
  }

  get unread(): number {
    return this.#connection?.link.waiting ?? 0
  }

  add(channel: string, start: Start): void {
    this.#toPositions()
    this.channels.push(channel)
    this.#asked.set(channel, start)
  }

  /** Another kind of wire from the next connection on. */
  switchTo(transport: Transport): void {
    this.#toPositions()
    this.transport = transport
  }

  /** `between` happens after the server has resolved the start and before it subscribes. */
  async connect(between: () => Promise<void>): Promise<void> {
    if (this.#connection || this.channels.length === 0) return
    if (this.#generation !== this.#world.generation) {
      if (this.#generation > 0) this.#judge.logLost()
      this.#generation = this.#world.generation
    }
    const { hub } = this.#world
    const asked = this.channels.map((channel) => this.#ask(channel))
    const starts = await hub.starts(this.channels, asked)
    await between()
    const link = new TestLink(this.#capacity)
    const outlet = new Outlet(hub, link, { readFailed: (error) => this.#world.reports.push(error) })
    if (this.transport === 'stream') {
      const reader = hub.subscribe(starts, streamFormat, outlet)
      this.#connection = { link, outlet, readers: [reader], partial: '' }
      link.send(encodeLine({ type: 'connected', ...startOf(reader) }))
      outlet.ready(reader)
      return
    }
    const readers = starts.map((start) => hub.subscribe([start], socketFormat, outlet))
    this.#connection = { link, outlet, readers, partial: '' }
    for (const [i, reader] of readers.entries()) {
      const channel = this.channels[i] ?? ''
      link.send(encodeLine({ type: 'connected', channel, ...startOf(reader) }))
      outlet.ready(reader)
    }
  }

  /** The wire breaks; what has not arrived is gone. */
  drop(): void {
    this.#connection?.outlet.close()
    for (const reader of this.#connection?.readers ?? []) reader.close()
    this.#connection = undefined
  }

  /** Heartbeat: quiet positions. */
  tick(): void {
    if (this.transport === 'stream')
      for (const reader of this.#connection?.readers ?? []) reader.tellPosition()
  }

  /** The peer reads some bytes. */
  async receive(bytes: number): Promise<void> {
    const connection = this.#connection
    if (!connection) return
    connection.partial += new TextDecoder().decode(connection.link.take(bytes))
    const lines = connection.partial.split('\n')
    connection.partial = lines.pop() ?? ''
    for (const text of lines) await this.#take(JSON.parse(text))
    if (connection.link.room > 0 && this.#connection === connection) connection.outlet.drained()
  }

  async complete(): Promise<void> {
    for (const channel of this.channels) await this.#judge.complete(channel)
  }

  async #take(line: Line): Promise<void> {
    this.received++
    const stream = this.transport === 'stream'
    if (line.type === 'connected' && line.id !== undefined) {
      const position = parsePosition(line.id)
      if (stream)
        for (const [i, each] of this.channels.entries()) this.#judge.position(each, reach(position, i))
      else this.#judge.position(line.channel ?? '', position.seq)
    }
    await this.#judge.take(line, stream ? this.channels : [line.channel ?? ''], stream)
    if (stream) this.#streamId = line.id ?? this.#streamId
    else this.#keepPosition(line)
  }

  /** Inside a snapshot a socket has no position to resume from: it starts anew. */
  #keepPosition(line: Line): void {
    const { channel = '', id } = line
    if (line.type === 'snapshot' && line.phase === 'begin') this.#inSnapshot.add(channel)
    if (line.type === 'snapshot' && line.phase === 'end') this.#inSnapshot.delete(channel)
    if (this.#inSnapshot.has(channel)) this.#asked.set(channel, {})
    else if (id !== undefined) this.#asked.set(channel, { after: id })
  }

  #ask(channel: string): Start {
    const known = this.transport === 'stream' ? this.#streamId : undefined
    const start = known === undefined ? (this.#asked.get(channel) ?? {}) : { after: known }
    const resumed = start.after !== undefined && start.after !== 'earliest' && start.after !== 'now'
    this.#judge.start(channel, resumed)
    return start
  }

  /** The stream's position as one position per channel, as a change of the list or of the transport needs it. */
  #toPositions(): void {
    this.drop()
    if (this.#streamId === undefined) return
    const position = parsePosition(this.#streamId)
    for (const [index, channel] of this.channels.entries()) {
      const inside = position.snapshots.has(index)
      this.#asked.set(channel, inside ? {} : { after: `${reach(position, index)}-${position.epoch}` })
    }
    this.#streamId = undefined
  }
}

function startOf(reader: Reader): { readonly id?: string } {
  const id = reader.startText()
  return id === undefined ? {} : { id }
}
