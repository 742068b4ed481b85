import type { ServerMessage, WelcomeMessage } from '../protocol/messages.ts'
import type { Env } from './env.ts'
import { step } from './machine/machine.ts'
import {
  initial,
  wireState,
  type Effect,
  type Event,
  type Line,
  type Settings,
  type State,
  type Timer,
  type WireState,
} from './machine/state.ts'
import type { Access, Connection, Ending, Outgoing, Starts, TransportName } from './transports/transport.ts'

/** A line that has been opened. */
export interface OpenLine {
  readonly transport: TransportName
  /** Of a fixed connection: what it carries, in the order to which floors refer. */
  readonly starts: Starts | undefined
  send(outgoing: Outgoing): void
}

/** What the driver carries for. */
export interface Passenger {
  /** The endpoint's access; asked anew for each attempt, so that a token may change. */
  access(endpoint: number): Access | Promise<Access>
  /** What a fixed connection is to carry. */
  starts(): Starts
  changed(state: WireState): void
  switched(transport: TransportName, reason: string): void
  adopted(line: OpenLine, welcome: Partial<WelcomeMessage>, position: string | undefined): void
  lost(line: OpenLine): void
  received(message: ServerMessage, position: string | undefined): void
  answered(message: ServerMessage): void
  /** May translate the ending of an attempt for which single channels are to blame. */
  refused(starts: Starts, ending: Ending): Ending
  over(ending: Ending, denied: boolean): void
}

interface Opened extends OpenLine {
  readonly connection: Connection
  welcome: Partial<WelcomeMessage>
  position: string | undefined
  /** The machine wants to hear of the next bytes. */
  listening: boolean
}

/** Silence of twice this long is death, until a `welcome` says otherwise. */
const heartbeatMs = 25_000

/** Runs the machine: its effects on the network and the clock, and back. */
export class Driver {
  readonly #env: Env
  readonly #passenger: Passenger
  readonly #lines = new Map<number, Opened>()
  readonly #events: Event[] = []
  readonly #timers = new Map<Timer, () => void>()
  #state: State
  #seen: WireState = 'connecting'
  #current = 0
  #heardAt = 0

  constructor(settings: Settings, env: Env, passenger: Passenger) {
    this.#env = env
    this.#passenger = passenger
    this.#state = initial(settings, env.random)
  }

  get state(): WireState {
    return wireState(this.#state)
  }

  /** The line that carries everything; undefined while there is none. */
  get line(): OpenLine | undefined {
    return this.#lines.get(this.#current)
  }

  get heardAt(): number {
    return this.#heardAt
  }

  tell(event: Event): void {
    this.#events.push(event)
    // What an effect brings about waits until all effects are done: none acts on a state that has moved on.
    if (this.#events.length > 1) return
    for (let next: Event | undefined = event; next; next = this.#events[0]) {
      this.#take(next)
      this.#events.shift()
    }
  }

  #take(event: Event): void {
    const [state, effects] = step(this.#state, event, { now: this.#env.now(), random: this.#env.random })
    this.#state = state
    for (const effect of effects) this.#run(effect)
    if (this.state === this.#seen) return
    this.#seen = this.state
    this.#passenger.changed(this.state)
  }

  #run(effect: Effect): void {
    switch (effect.type) {
      case 'open':
        return this.#open(effect.line)
      case 'shut':
        return this.#shut(effect.line)
      case 'adopt':
        return this.#adopt(effect.line)
      case 'lost': {
        const line = this.#lines.get(effect.line.id)
        this.#current = 0
        if (line) this.#passenger.lost(line)
        return
      }
      case 'ping': {
        const line = this.#lines.get(effect.line.id)
        if (line) line.listening = true
        line?.send({ type: 'ping', text: '{"type":"ping"}' })
        return
      }
      case 'arm':
        return this.#arm(effect.timer, effect.ms)
      case 'disarm':
        this.#timers.get(effect.timer)?.()
        this.#timers.delete(effect.timer)
        return
      case 'switched':
        return this.#passenger.switched(effect.transport, effect.reason)
      case 'over':
        return this.#passenger.over(effect.ending, effect.denied)
    }
  }

  #open(line: Line): void {
    const access = this.#passenger.access(line.endpoint)
    if (!(access instanceof Promise)) return this.#dial(line, access)
    access.then(
      (ready) => this.#dial(line, ready),
      (error: unknown) =>
        this.tell({
          type: 'ended',
          line: line.id,
          ending: { retry: 'later', told: true, message: `no token: ${String(error)}` },
        }),
    )
  }

  #dial({ id, transport }: Line, access: Access): void {
    if (!this.#awaits(id)) return
    const kind = this.#env.transports[transport]
    const starts = kind.fixed ? this.#passenger.starts() : undefined
    const connection = kind.open(
      { ...access, starts: starts ?? [] },
      {
        head: () => this.tell({ type: 'head', line: id }),
        opened: (welcome, position) => {
          Object.assign(line, { welcome, position, listening: true })
          if (!this.#current) this.#heardAt = this.#env.now()
          // What carries no channel has nothing to say.
          const beats = starts?.length === 0 ? Infinity : (welcome.heartbeatMs ?? heartbeatMs)
          this.tell({ type: 'opened', line: id, heartbeatMs: beats })
        },
        heard: () => {
          if (id !== this.#current) return
          this.#heardAt = this.#env.now()
          if (!line.listening) return
          line.listening = false
          this.tell({ type: 'alive', line: id })
        },
        received: (message, position) => {
          if (id === this.#current) this.#passenger.received(message, position)
        },
        answered: (message) => this.#passenger.answered(message),
        ended: (ending) => {
          if (!this.#lines.has(id)) return
          const translated = starts ? this.#passenger.refused(starts, ending) : ending
          this.tell({ type: 'ended', line: id, ending: translated })
        },
      },
    )
    const line: Opened = {
      transport,
      starts,
      connection,
      welcome: {},
      position: undefined,
      listening: false,
      send: (outgoing) => connection.send(outgoing),
    }
    this.#lines.set(id, line)
    this.tell({ type: 'dialled', line: id })
  }

  /** Whether the machine still wants this line: it may have changed its mind while a token was fetched. */
  #awaits(id: number): boolean {
    const state = this.#state
    if (state.phase === 'opening') return state.line.id === id
    return state.phase === 'live' && state.successor?.id === id
  }

  #adopt({ id }: Line): void {
    const line = this.#lines.get(id)
    if (!line) return
    this.#current = id
    this.#heardAt = this.#env.now()
    this.#passenger.adopted(line, line.welcome, line.position)
  }

  #shut({ id }: Line): void {
    const line = this.#lines.get(id)
    this.#lines.delete(id)
    if (this.#current === id) this.#current = 0
    line?.connection.close()
  }

  #arm(timer: Timer, ms: number): void {
    this.#timers.get(timer)?.()
    this.#timers.delete(timer)
    if (ms === Infinity) return
    const disarm = this.#env.later(ms, () => {
      this.#timers.delete(timer)
      this.tell({ type: 'timer', timer, heardAt: this.#heardAt })
    })
    this.#timers.set(timer, disarm)
  }
}
