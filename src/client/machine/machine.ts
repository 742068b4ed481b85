import { dial, headLimit, missed, missing, openingLimit, pause, fail, silence, stop } from './dialling.ts'
import { adopt, cameBack, drop, succeed, timerWhileLive, whileLive } from './living.ts'
import {
  after,
  type Context,
  type Event,
  type LineEvent,
  type Opening,
  type State,
  type Step,
} from './state.ts'

/**
 * When to connect, by what, and when to give up: pure. The driver feeds it events and does what the effects say;
 * the clock and randomness come with each event.
 */
export function step(state: State, event: Event, context: Context): Step {
  if (event.type === 'close') return state.phase === 'closed' ? [state, []] : stop(state, 'closed')
  switch (state.phase) {
    case 'denied':
    case 'closed':
      return [state, []]
    case 'waiting':
    case 'opening':
    case 'live':
  }
  switch (event.type) {
    case 'start':
      return dial(state, context)
    case 'offline':
      return [{ ...state, offline: true }, []]
    case 'online':
      // Another network may let through what the last one did not.
      return resume({ ...state, offline: false, standings: {} }, event.heardAt, true, context)
    case 'shown':
      return resume(state, event.heardAt, false, context)
    case 'timer':
      return rang(state, event, context)
    case 'restream':
      return state.phase === 'live' ? succeed(state, state.line.transport, context) : [state, []]
    case 'stalled':
      return state.phase === 'live' ? drop(state, silence, context) : [state, []]
    case 'dialled':
    case 'head':
    case 'opened':
    case 'alive':
    case 'ended':
      if (state.phase === 'live') return whileLive(state, event, context)
      return state.phase === 'opening' && event.line === state.line.id
        ? whileOpening(state, event, context)
        : [state, []]
  }
}

function whileOpening(state: Opening, event: LineEvent, context: Context): Step {
  const { line } = state
  switch (event.type) {
    case 'dialled':
      return [state, [{ type: 'arm', timer: 'opening', ms: openingLimit(state, line) }]]
    case 'head': {
      const ms = headLimit(state, line, context.now)
      return [{ ...state, line: { ...line, head: true } }, [{ type: 'arm', timer: 'opening', ms }]]
    }
    case 'opened':
      return adopt(state, line, event.heartbeatMs, context)
    case 'ended': {
      const { ending } = event
      if (!ending.told) return missed(state, missing(line), ending, context)
      // The server has spoken: another transport would hear the same.
      return (ending.retry === 'never' ? pause : fail)(state, ending, context)
    }
    case 'alive':
      return [state, []]
  }
}

function rang(state: State, event: Event & { type: 'timer' }, context: Context): Step {
  const { timer, heardAt } = event
  if (state.phase === 'live') return timerWhileLive(state, timer, heardAt, context)
  if (state.phase === 'waiting' && timer === 'retry') return dial(state, context)
  if (state.phase === 'opening' && timer === 'opening') {
    const { line } = state
    return after([{ type: 'shut', line }], missed(state, missing(line), silence, context))
  }
  return [state, []]
}

function resume(state: State, heardAt: number, doubted: boolean, context: Context): Step {
  if (state.phase === 'waiting') return dial(state, context)
  return state.phase === 'live' ? cameBack(state, heardAt, doubted, context) : [state, []]
}
