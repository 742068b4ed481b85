import type { ServerMessage, WelcomeMessage } from '../protocol/messages.ts'
import type { Env } from './env.ts'
import { step } from './machine/machine.ts'
import {
  initial,
  wireState,
  type Acts,
  type Event,
  type Line,
  type Settings,
  type Timer,
  type WireState,
} from './machine/state.ts'
import type { Access, Connection, Ending, Outgoing, Starts, TransportName } from './transports/transport.ts'

/** A line that has been opened. */
export interface OpenLine {
  readonly transport: TransportName
  /** Of a fixed connection: what it carries, in the order to which floors refer. */
  readonly starts: Starts | undefined
  readonly welcome: Partial<WelcomeMessage>
  readonly access: Access
  /** Where a fixed connection began. */
  readonly position: string | undefined
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
  adopted(line: OpenLine): void
  lost(line: OpenLine): void
  /** `position`: where the whole of a fixed connection stands after this message. */
  received(message: ServerMessage, position: string | undefined): void
  answered(message: ServerMessage): void
  /** May translate the ending of an attempt for which single channels are to blame. */
  refused(starts: Starts, ending: Ending): Ending
  over(ending: Ending, denied: boolean): void
}

/** The machine at work. */
export interface Driver {
  readonly state: WireState
  /** The line that carries everything; undefined while there is none. */
  readonly line: OpenLine | undefined
  tell(event: Event): void
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

/** Runs the machine: what it does to the network and the clock, and what these tell it. */
export function drive(settings: Settings, env: Env, passenger: Passenger): Driver {
  const lines = new Map<number, Opened>()
  const timers = new Map<Timer, () => void>()
  const events: Event[] = []
  let state = initial(settings, env.random, env.recall?.())
  let seen = wireState(state)
  let current = 0
  let heardAt = 0

  function tell(event: Event): void {
    events.push(event)
    // What an act brings about waits until all are done: none acts on a state that has moved on.
    if (events.length > 1) return
    for (let next: Event | undefined = event; next; next = events[0]) {
      take(next)
      events.shift()
    }
  }

  // What a step does waits until it is over.
  const due: (() => void)[] = []
  const after =
    <A extends unknown[]>(act: (...given: A) => void) =>
    (...given: A) =>
      void due.push(() => act(...given))
  const { switched, over } = passenger
  const doing = { open, shut, adopt, lost, ping, arm, disarm, switched, over }
  // The same names, each with the parameters that it had.
  const act = Object.fromEntries(
    Object.entries(doing).map(([name, run]) => [name, after(run as (...given: unknown[]) => void)]),
  ) as unknown as Acts

  function take(event: Event): void {
    const { standings } = state
    state = step(state, event, { now: env.now(), heardAt, random: env.random, act })
    for (const each of due.splice(0)) each()
    if (state.standings !== standings) env.remember?.(state.standings)
    const now = wireState(state)
    if (now === seen) return
    seen = now
    passenger.changed(now)
  }

  function open(line: Line): void {
    const access = passenger.access(line.endpoint)
    if (!(access instanceof Promise)) return dial(line, access)
    access.then(
      (ready) => dial(line, ready),
      (error: unknown) =>
        tell({
          type: 'ended',
          line: line.id,
          ending: { retry: 'later', told: true, message: `no token: ${String(error)}` },
        }),
    )
  }

  function dial({ id, transport }: Line, access: Access): void {
    // The machine may have changed its mind while a token was fetched.
    if (state.coming?.id !== id) return
    const kind = env.transports[transport]
    const starts = kind.fixed ? passenger.starts() : undefined
    const connection = kind.open(
      { ...access, starts: starts ?? [], alone: settings.transports.length === 1 },
      {
        head: () => tell({ type: 'head', line: id }),
        opened(welcome, position) {
          Object.assign(line, { welcome, position, listening: true })
          if (!current) heardAt = env.now()
          // What carries no channel has nothing to say.
          const beats = starts?.length === 0 ? Infinity : (welcome.heartbeatMs ?? heartbeatMs)
          tell({ type: 'opened', line: id, heartbeatMs: beats })
        },
        heard() {
          if (id !== current) return
          heardAt = env.now()
          if (!line.listening) return
          line.listening = false
          tell({ type: 'alive', line: id })
        },
        received(message, position) {
          if (id === current) passenger.received(message, position)
        },
        answered: passenger.answered,
        ended(ending) {
          if (!lines.has(id)) return
          const translated = starts ? passenger.refused(starts, ending) : ending
          tell({ type: 'ended', line: id, ending: translated })
        },
      },
    )
    const line: Opened = {
      transport,
      starts,
      access,
      connection,
      welcome: {},
      position: undefined,
      listening: false,
      send: (outgoing) => connection.send(outgoing),
    }
    lines.set(id, line)
    tell({ type: 'dialled', line: id })
  }

  function adopt({ id }: Line): void {
    const line = lines.get(id)
    if (!line) return
    current = id
    heardAt = env.now()
    passenger.adopted(line)
  }

  function lost({ id }: Line): void {
    const line = lines.get(id)
    current = 0
    if (line) passenger.lost(line)
  }

  function shut({ id }: Line): void {
    const line = lines.get(id)
    lines.delete(id)
    if (current === id) current = 0
    line?.connection.close()
  }

  function ping({ id }: Line): void {
    const line = lines.get(id)
    if (!line) return
    line.listening = true
    line.send({ type: 'ping', text: '{"type":"ping"}' })
  }

  function disarm(timer: Timer): void {
    timers.get(timer)?.()
    timers.delete(timer)
  }

  function arm(timer: Timer, ms: number): void {
    disarm(timer)
    if (ms === Infinity) return
    const stop = env.later(ms, () => {
      timers.delete(timer)
      tell({ type: 'timer', timer })
    })
    timers.set(timer, stop)
  }

  return {
    get state() {
      return wireState(state)
    },
    get line() {
      return lines.get(current)
    },
    tell,
  }
}
