import { EverwireError } from '../protocol/codes.ts'
import type { ServerMessage, WelcomeMessage } from '../protocol/messages.ts'
import type { Env } from './env.ts'
import { ClientError } from './errors.ts'
import type { Timer } from './machine/acts.ts'
import { machine } from './machine/machine.ts'
import { outgoing } from './outgoing.ts'
import type { OpenLine, Rider } from './rider.ts'
import type { Access, Connection, Ending } from './transports/transport.ts'
import type { Subscription } from './subscription.ts'
import type { ConnectOptions, TransportChange, WireEvents } from './types.ts'

/** What fixed connections carry. */
interface Carried {
  starts(): readonly Subscription[]
  /** May translate the ending of an attempt for which single channels are to blame. */
  refused(starts: readonly Subscription[], ending: Ending): Ending
}

/** The machine at work. */
export type Driver = ReturnType<typeof drive>

/** A line under construction. */
type Line = { -readonly [Key in keyof OpenLine]: OpenLine[Key] } & {
  heardAt: number
  connection?: Connection
  /** The machine wants to hear of the next bytes: what cannot be asked. */
  listening?: boolean
  /** The ping that is to be answered. */
  asked?: number
}

/** Silence of twice this long is death, until a `welcome` says otherwise. */
const heartbeatMs = 25_000

/** Runs the machine: what it does to the network and the clock, and what these tell it. */
export function drive(
  bases: readonly string[],
  {
    transports = ['websocket', 'sse', 'poll'],
    maxAttempts = Infinity,
    token,
    headers,
    credentials,
  }: ConnectOptions,
  env: Env,
  carried: () => Carried,
  emit: <Name extends keyof WireEvents>(name: Name, value: WireEvents[Name]) => void,
) {
  const { now, later } = env
  const renews = typeof token === 'function'
  const riders: Rider[] = []
  const timers: Partial<Record<Timer, () => void>> = {}
  let welcome: Partial<WelcomeMessage> = {}
  let taken: TransportChange['transport'] | undefined
  let over: Error | undefined
  let refs = 0

  const accessTo = (base = ''): Access => ({ base, headers, credentials, token: undefined })
  const tokenNow = () => (typeof token === 'function' ? token() : token)
  const received = (message: ServerMessage, position?: string) => {
    for (const rider of riders) rider.received?.(message, position)
  }

  const carriedBy = (change: TransportChange) => {
    if (change.transport !== taken) emit('transport', change)
    taken = change.transport
  }
  env.carrier?.(carriedBy)

  function end(error: Error): void {
    over = error
    for (const rider of riders) rider.ended?.(error)
  }

  async function dial(line: Line): Promise<void> {
    try {
      line.access = { ...line.access, token: await tokenNow() }
    } catch (error) {
      return tell('ended', line, { retry: 'later', told: true, message: `no token: ${String(error)}` })
    }
    // The machine may have changed its mind meanwhile.
    if (line !== driver.coming) return
    const kind = env.transports[line.transport]
    const starts = (line.starts = kind.fixed ? carried().starts() : undefined)
    line.connection = kind.open(
      { ...line.access, starts: starts ?? [], alone: transports.length === 1 },
      {
        head: () => tell('head', line),
        opened(said, position) {
          Object.assign(line, { welcome: said, position, listening: kind.fixed, heardAt: now() })
          // What carries no channel has nothing to say.
          tell('opened', line, starts?.length === 0 ? Infinity : (said.heartbeatMs ?? heartbeatMs))
        },
        heard() {
          line.heardAt = now()
          if (line.listening) tell('alive', line)
          line.listening = false
        },
        received(message, position) {
          if (message.type === 'ping' && message.ref === line.asked) tell('alive', line)
          if (line === driver.line) received(message, position)
        },
        answered: received,
        ended(ending) {
          if (line !== driver.line && line !== driver.coming) return
          tell('ended', line, starts ? carried().refused(starts, ending) : ending)
        },
      },
    )
    tell('dialled', line)
  }

  function disarm(timer?: Timer): void {
    if (timer) timers[timer]?.()
    else for (const stop of Object.values(timers)) stop()
  }

  const driver = machine<Line>(
    { transports, endpoints: bases.length, maxAttempts, refreshable: renews },
    env,
    {
      open(transport, endpoint) {
        const line: Line = {
          transport,
          welcome: {},
          access: accessTo(bases[endpoint]),
          heardAt: now(),
          send: (message) => line.connection?.send(message),
        }
        void dial(line)
        return line
      },
      shut: ({ connection }) => connection?.close(),
      adopt(line) {
        // A poll says nothing of the server: what another line said still holds.
        welcome = { ...welcome, ...line.welcome }
        for (const rider of riders) rider.adopted?.(line)
      },
      lost(line) {
        for (const rider of riders) rider.lost?.(line)
      },
      ping(line) {
        line.send(outgoing({ type: 'ping', ref: (line.asked = ++refs) }))
      },
      arm(timer, ms) {
        disarm(timer)
        if (ms < Infinity) timers[timer] = later(ms, () => tell('timer', timer))
      },
      disarm,
      switched(transport, reason) {
        if (!env.carrier) carriedBy({ transport, reason })
      },
      over({ code, message }, denied) {
        const error = denied
          ? new EverwireError(code ?? 'forbidden', message)
          : new ClientError('gave-up', `after ${maxAttempts} attempts: ${message}`)
        end(error)
        emit('error', error)
      },
      changed: (state) => emit('state', state),
    },
  )
  const { tell } = driver

  return {
    ...env,
    tell,
    state: () => driver.state,
    /** The line that carries everything. */
    line: (): OpenLine | undefined => driver.line,
    /** What is known of the server. */
    welcome: () => welcome,
    nextRef: () => ++refs,
    /** A token of now, for the endpoint that is known to answer. */
    access: async () => ({ ...(driver.line?.access ?? accessTo(bases[0])), token: await tokenNow() }),
    renews,
    over: () => over,
    /** Nothing is sent any more. */
    end,
    join(rider: Rider): void {
      riders.push(rider)
      if (driver.line) rider.adopted?.(driver.line)
      if (over) rider.ended?.(over)
    },
  }
}
