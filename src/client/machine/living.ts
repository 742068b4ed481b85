import { choose, failed, isHeld, lived, opened, reasonFor, upgradeAt, type Outcome } from '../chooser.ts'
import type { Ending, TransportName } from '../transports/transport.ts'
import { backoffMs, dial, fail, firstBackoffMs, missing, open, pause, shutAll, silence } from './dialling.ts'
import type { Acts, Context, Line, Live, Opening, State, Timer } from './state.ts'

/** How long a connection must live to be trusted. */
const trustMs = 10_000
/** How long a new WebSocket, and one that may have died unseen, has to show that it carries both ways. */
const proofMs = 4_000
const probeMs = 1_500
/** After so long without an answer another connection is opened beside it; whichever speaks first is kept. */
const doubtMs = 400
/** What only listens, and has heard nothing for so long while the page was away, may be dead. */
const awayMs = 5_000

/** The server has spoken on `line`: it carries everything from now on. */
export function adopt(state: Opening | Live, line: Line, heartbeatMs: number, { now, act }: Context): State {
  const takesOver = state.phase === 'live'
  const standings = takesOver ? state.standings : opened(state.standings, state.tried, now)
  act.disarm('opening')
  act.disarm('doubt')
  act.adopt(line)
  if (takesOver) act.shut(state.line)
  act.switched(line.transport, reasonFor(state.settings.transports, standings, line.transport))
  // What carries no channel has shown nothing.
  if (heartbeatMs < Infinity) act.arm('trust', trustMs)
  act.arm('silence', 2 * heartbeatMs)
  // What opens a WebSocket may still swallow all that follows.
  if (line.transport === 'websocket') ping(line, proofMs, act)
  return {
    ...state,
    phase: 'live',
    line,
    heartbeatMs,
    again: takesOver ? state.again : state.wasLive,
    trusted: false,
    alive: false,
    coming: undefined,
    restreamOwed: false,
    standings,
    tried: [],
    wasLive: true,
    offline: false,
  }
}

export function timerWhileLive(state: Live, timer: Timer, context: Context): State {
  const { line, coming } = state
  switch (timer) {
    case 'silence': {
      const left = context.heardAt + 2 * state.heartbeatMs - context.now
      if (left <= 0) return drop(state, silence, context)
      context.act.arm(timer, left)
      return state
    }
    case 'probe':
      return drop(state, silence, context)
    case 'doubt':
      return succeed(state, line.transport, context)
    case 'trust': {
      const standings = lived(state.standings, line.transport)
      return armUpgrade({ ...state, trusted: true, refreshed: false, attempt: 0, standings }, context, 0)
    }
    case 'upgrade': {
      const better = upgradeAt(state.settings.transports, state.standings, line.transport)
      if (!better) return state
      return coming ? armUpgrade(state, context, trustMs) : succeed(state, better.to, context)
    }
    case 'opening':
      return coming
        ? unsucceeded(state, coming, silence, missing(coming), context)
        : succeed(state, line.transport, context)
    case 'retry':
      return state
  }
}

/** Opens a connection that is to take over from the one that lives. */
export function succeed(state: Live, transport: TransportName, context: Context): State {
  const isRestream = transport === state.line.transport
  const { coming } = state
  // One that brings a better transport goes first.
  if (coming && coming.transport !== state.line.transport) return { ...state, restreamOwed: true }
  if (coming) context.act.shut(coming)
  const line = open(state, transport, context)
  return { ...state, lines: line.id, coming: line, restreamOwed: state.restreamOwed && !isRestream }
}

/** The network or the page is back: what lives has to prove that it does. */
export function cameBack(state: Live, doubted: boolean, context: Context): State {
  const { line, heartbeatMs } = state
  const { act, now, heardAt } = context
  const quietMs = now - heardAt
  if (quietMs >= 2 * heartbeatMs) return drop(state, silence, context)
  const asks = line.transport === 'websocket'
  if (asks) ping(line, probeMs, act)
  // What only listens cannot ask, and a network that has changed seldom carries what it carried before.
  if (doubted || (!asks && quietMs >= awayMs)) return succeed(state, line.transport, context)
  if (asks) act.arm('doubt', doubtMs)
  return state
}

/** The line has spoken, perhaps because it was asked to: what was to take its place for its silence is not needed. */
export function provedAlive(state: Live, { act }: Context): State {
  const { line, coming } = state
  act.disarm('probe')
  act.disarm('doubt')
  const spare = coming?.transport === line.transport && line.transport === 'websocket'
  if (spare) {
    act.shut(coming)
    act.disarm('opening')
  }
  return { ...state, alive: true, offline: false, coming: spare ? undefined : coming }
}

/** The connection that lived is gone. */
export function drop(state: Live, ending: Ending, context: Context): State {
  const { line, trusted, alive } = state
  const dead = ending === silence
  const blamed = !ending.told && !(trusted && (alive || !dead))
  const outcome = dead ? 'silent' : 'killed'
  const standings = blamed ? failed(state.standings, line.transport, outcome, context.now) : state.standings
  context.act.lost(line)
  shutAll(state, context.act)
  const refreshed = state.refreshed && ending.retry === 'never'
  const left: State = { ...state, standings, refreshed, phase: 'waiting', coming: undefined }
  // Who is held makes room without delay for one that is not. Nor does one wait that has just found out how long it
  // has been deaf.
  const next = choose(state.settings.transports, standings, [], context.now)
  const makesRoom = next !== line.transport && !isHeld(standings, next, context.now)
  if (blamed ? makesRoom : dead) return dial(left, context)
  return (trusted ? pause : fail)(left, ending, context)
}

/** What was to take over came to nothing. */
export function unsucceeded(
  state: Live,
  successor: Line,
  ending: Ending,
  outcome: Outcome,
  context: Context,
): State {
  const { line, attempt, standings } = state
  const { now, act } = context
  const left: Live = { ...state, coming: undefined }
  act.shut(successor)
  act.disarm('opening')
  const judge = () => opened(failed(standings, successor.transport, outcome, now), [successor.transport], now)
  if (successor.transport !== line.transport) {
    // It had its chance and is held for longer.
    const next = armUpgrade({ ...left, standings: judge() }, context, 0)
    return next.restreamOwed ? succeed(next, line.transport, context) : next
  }
  // One that was only doubted has to prove itself, with or without another beside it.
  if (line.transport === 'websocket') return left
  // What opened without a channel may yet hold back what has one.
  const stuck = ending === silence && state.heartbeatMs === Infinity
  const judged = stuck ? judge() : standings
  const owing = { ...left, attempt: attempt + 1, restreamOwed: true, standings: judged }
  const other = choose(state.settings.transports, judged, [], now)
  if (other && other !== line.transport && stuck && !isHeld(judged, other, now))
    return succeed(owing, other, context)
  act.arm('opening', backoffMs(state, ending, context))
  return owing
}

function armUpgrade(state: Live, { now, random, act }: Context, atLeast: number): Live {
  const better = upgradeAt(state.settings.transports, state.standings, state.line.transport)
  if (better) act.arm('upgrade', Math.max(atLeast, better.at - now) + random() * firstBackoffMs)
  return state
}

function ping(line: Line, ms: number, act: Acts): void {
  act.ping(line)
  act.arm('probe', ms)
}
