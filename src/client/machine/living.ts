import { choose, failed, isHeld, lived, opened, reasonFor, upgradeAt, type Outcome } from '../chooser.ts'
import type { Ending, TransportName } from '../transports/transport.ts'
import {
  backoffMs,
  dial,
  fail,
  firstBackoffMs,
  headLimit,
  missing,
  nextLine,
  openingLimit,
  pause,
  shutAll,
  silence,
} from './dialling.ts'
import {
  after,
  type Context,
  type Effect,
  type Line,
  type LineEvent,
  type Live,
  type Opening,
  type Step,
  type Timer,
} from './state.ts'

/** How long a connection must live to be trusted. */
const trustMs = 10_000
/** How long a new WebSocket, and one that may have died unseen, has to show that it carries both ways. */
const proofMs = 4_000
const probeMs = 1_500

/** The server has spoken on `line`: it carries everything from now on. */
export function adopt(state: Opening | Live, line: Line, heartbeatMs: number, { now }: Context): Step {
  const takesOver = state.phase === 'live'
  const { transports } = state.settings
  const standings = takesOver ? state.standings : opened(state.standings, state.tried, now)
  const next: Live = {
    ...state,
    phase: 'live',
    line,
    heartbeatMs,
    again: takesOver ? state.again : state.wasLive,
    trusted: false,
    alive: false,
    successor: undefined,
    restreamOwed: false,
    standings,
    tried: [],
    wasLive: true,
    offline: false,
  }
  return [
    next,
    [
      { type: 'disarm', timer: 'opening' },
      { type: 'disarm', timer: 'succession' },
      { type: 'adopt', line },
      ...(takesOver ? [{ type: 'shut', line: state.line } as const] : []),
      {
        type: 'switched',
        transport: line.transport,
        reason: reasonFor(transports, standings, line.transport),
      },
      // What carries no channel has shown nothing.
      ...(heartbeatMs === Infinity ? [] : [{ type: 'arm', timer: 'trust', ms: trustMs } as const]),
      { type: 'arm', timer: 'silence', ms: 2 * heartbeatMs },
      // What opens a WebSocket may still swallow all that follows.
      ...(line.transport === 'websocket' ? ping(line, proofMs) : []),
    ],
  ]
}

export function whileLive(state: Live, event: LineEvent, context: Context): Step {
  const { line, successor } = state
  if (successor && event.line === successor.id) return whileSucceeding(state, successor, event, context)
  if (event.line !== line.id) return [state, []]
  if (event.type === 'alive') {
    return [{ ...state, alive: true, offline: false }, [{ type: 'disarm', timer: 'probe' }]]
  }
  return event.type === 'ended' ? drop(state, event.ending, context) : [state, []]
}

export function timerWhileLive(state: Live, timer: Timer, heardAt: number, context: Context): Step {
  const { line, successor } = state
  switch (timer) {
    case 'silence': {
      const left = heardAt + 2 * state.heartbeatMs - context.now
      return left > 0 ? [state, [{ type: 'arm', timer, ms: left }]] : drop(state, silence, context)
    }
    case 'probe':
      return drop(state, silence, context)
    case 'trust':
      return trust(state, context)
    case 'upgrade': {
      const better = upgradeAt(state.settings.transports, state.standings, line.transport)
      if (!better) return [state, []]
      return successor ? armUpgrade(state, context, trustMs) : succeed(state, better.to, context)
    }
    case 'succession':
      return successor
        ? unsucceeded(state, successor, silence, missing(successor), context)
        : succeed(state, line.transport, context)
    default:
      return [state, []]
  }
}

/** Opens a connection that is to take over from the one that lives. */
export function succeed(state: Live, transport: TransportName, { now }: Context): Step {
  const { successor } = state
  // One that brings a better transport goes first.
  if (successor && successor.transport !== state.line.transport) {
    return [{ ...state, restreamOwed: true }, []]
  }
  const line = nextLine(state, transport, now)
  const restreamOwed = state.restreamOwed && transport !== state.line.transport
  const next = { ...state, lines: line.id, successor: line, restreamOwed }
  return [next, [...(successor ? [{ type: 'shut', line: successor } as const] : []), { type: 'open', line }]]
}

/** The network or the page is back: what lives has to prove that it does. */
export function cameBack(state: Live, heardAt: number, doubted: boolean, context: Context): Step {
  const { line, heartbeatMs } = state
  const quietMs = context.now - heardAt
  if (quietMs >= 2 * heartbeatMs) return drop(state, silence, context)
  if (line.transport === 'websocket') return [state, ping(line, probeMs)]
  // What only listens cannot ask: another takes its place.
  return doubted || quietMs >= heartbeatMs ? succeed(state, line.transport, context) : [state, []]
}

/** The connection that lived is gone. */
export function drop(state: Live, ending: Ending, context: Context): Step {
  const { line, trusted, alive } = state
  const dead = ending === silence
  const blamed = !ending.told && !(trusted && (alive || !dead))
  const outcome = dead ? 'silent' : 'killed'
  const standings = blamed ? failed(state.standings, line.transport, outcome, context.now) : state.standings
  const effects: Effect[] = [{ type: 'lost', line }, ...shutAll(state)]
  const refreshed = state.refreshed && ending.retry === 'never'
  const left = { ...state, standings, refreshed, phase: 'waiting' } as const
  // Who is held makes room without delay for one that is not. Nor does one wait that has just found out how long it
  // has been deaf.
  const next = choose(state.settings.transports, standings, [], context.now)
  const makesRoom = next !== line.transport && !isHeld(standings, next, context.now)
  if (blamed ? makesRoom : dead) return after(effects, dial(left, context))
  return after(effects, trusted ? pause(left, ending, context) : fail(left, ending, context))
}

function whileSucceeding(state: Live, successor: Line, event: LineEvent, context: Context): Step {
  switch (event.type) {
    case 'dialled':
      return [state, [{ type: 'arm', timer: 'succession', ms: openingLimit(state, successor) }]]
    case 'head': {
      const ms = headLimit(state, successor, context.now)
      return [
        { ...state, successor: { ...successor, head: true } },
        [{ type: 'arm', timer: 'succession', ms }],
      ]
    }
    case 'opened':
      return adopt(state, successor, event.heartbeatMs, context)
    case 'ended':
      return unsucceeded(state, successor, event.ending, 'blocked', context)
    case 'alive':
      return [state, []]
  }
}

function unsucceeded(state: Live, successor: Line, ending: Ending, outcome: Outcome, context: Context): Step {
  const { line, attempt, standings } = state
  const left: Live = { ...state, successor: undefined }
  const shut: Effect[] = [
    { type: 'shut', line: successor },
    { type: 'disarm', timer: 'succession' },
  ]
  if (successor.transport === line.transport) {
    const owing = { ...left, attempt: attempt + 1, restreamOwed: true }
    // What opened without a channel may yet hold back what has one.
    const stuck = ending === silence && state.heartbeatMs === Infinity
    const judged = stuck
      ? opened(failed(standings, line.transport, outcome, context.now), [line.transport], context.now)
      : standings
    const other = choose(state.settings.transports, judged, [], context.now)
    if (other && other !== line.transport && stuck && !isHeld(judged, other, context.now))
      return after(shut, succeed({ ...owing, standings: judged }, other, context))
    const ms = backoffMs(state, ending, context)
    return [{ ...owing, standings: judged }, [...shut, { type: 'arm', timer: 'succession', ms }]]
  }
  // It had its chance and is held for longer.
  const judged = failed(standings, successor.transport, outcome, context.now)
  const next = { ...left, standings: opened(judged, [successor.transport], context.now) }
  const [armed, effects] = armUpgrade(next, context, 0)
  const [end, more] = next.restreamOwed ? succeed(armed, line.transport, context) : [armed, []]
  return [end, [...shut, ...effects, ...more]]
}

function trust(state: Live, context: Context): Step {
  const standings = lived(state.standings, state.line.transport)
  return armUpgrade({ ...state, trusted: true, refreshed: false, attempt: 0, standings }, context, 0)
}

function armUpgrade(state: Live, { now, random }: Context, atLeast: number): Step<Live> {
  const better = upgradeAt(state.settings.transports, state.standings, state.line.transport)
  if (!better) return [state, []]
  const ms = Math.max(atLeast, better.at - now) + random() * firstBackoffMs
  return [state, [{ type: 'arm', timer: 'upgrade', ms }]]
}

function ping(line: Line, ms: number): readonly Effect[] {
  return [
    { type: 'ping', line },
    { type: 'arm', timer: 'probe', ms },
  ]
}
