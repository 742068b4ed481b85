import {
  dial,
  fail,
  headLimit,
  missed,
  missing,
  openingLimit,
  pause,
  shutAll,
  silence,
  stop,
} from './dialling.ts'
import { adopt, cameBack, drop, provedAlive, succeed, timerWhileLive, unsucceeded } from './living.ts'
import type { Context, Event, Line, LineEvent, Live, Opening, State, Timer } from './state.ts'

/**
 * When to connect, by what, and when to give up: pure, but for what it tells `context.act` to do. The driver feeds it
 * events; the clock and randomness come with each.
 */
export function step(state: State, event: Event, context: Context): State {
  if (state.phase === 'closed') return state
  if (event.type === 'close') return stop(state, 'closed', context.act)
  if (state.phase === 'denied') return state
  switch (event.type) {
    case 'start':
      return dial(state, context)
    case 'offline':
      return { ...state, offline: true }
    case 'online':
      // Another network may let through what the last one did not.
      return resume({ ...state, offline: false, standings: {} }, true, context)
    case 'shown':
      return resume(state, false, context)
    case 'asleep':
      if (state.phase === 'live') context.act.lost(state.line)
      shutAll(state, context.act)
      return { ...state, phase: 'waiting', coming: undefined, tried: [], refreshed: false }
    case 'timer':
      return rang(state, event.timer, context)
    case 'restream':
      return state.phase === 'live' ? succeed(state, state.line.transport, context) : state
    case 'stalled':
      return state.phase === 'live' ? drop(state, silence, context) : state
    default:
      return told(state, event, context)
  }
}

function told(state: State, event: LineEvent, context: Context): State {
  if (state.phase !== 'opening' && state.phase !== 'live') return state
  const { coming } = state
  if (coming?.id === event.line) return whileComing(state, coming, event, context)
  if (state.phase !== 'live' || state.line.id !== event.line) return state
  if (event.type === 'ended') return drop(state, event.ending, context)
  if (event.type !== 'alive') return state
  return provedAlive(state, context)
}

function whileComing(state: Opening | Live, coming: Line, event: LineEvent, context: Context): State {
  const { act, now } = context
  switch (event.type) {
    case 'dialled':
      act.arm('opening', openingLimit(state, coming))
      return state
    case 'head':
      act.arm('opening', headLimit(state, coming, now))
      return { ...state, coming: { ...coming, head: true } }
    case 'opened':
      return adopt(state, coming, event.heartbeatMs, context)
    case 'ended': {
      const { ending } = event
      if (state.phase === 'live') return unsucceeded(state, coming, ending, 'blocked', context)
      if (!ending.told) return missed(state, missing(coming), ending, context)
      // The server has spoken: another transport would hear the same.
      return (ending.retry === 'never' ? pause : fail)(state, ending, context)
    }
    case 'alive':
      return state
  }
}

function rang(state: State, timer: Timer, context: Context): State {
  if (state.phase === 'live') return timerWhileLive(state, timer, context)
  if (state.phase === 'waiting' && timer === 'retry') return dial(state, context)
  if (state.phase !== 'opening' || timer !== 'opening') return state
  context.act.shut(state.coming)
  return missed(state, missing(state.coming), silence, context)
}

function resume(state: State, doubted: boolean, context: Context): State {
  if (state.phase === 'waiting') return dial(state, context)
  return state.phase === 'live' ? cameBack(state, doubted, context) : state
}
