import { choose, failed, failures, type Outcome } from '../chooser.ts'
import type { Ending, TransportName } from '../transports/transport.ts'
import type { Acts, Context, Line, Live, Opening, State } from './state.ts'

/** Milliseconds that an attempt has while there are others to turn to, and from its head to the first message. */
const openingMs = { websocket: 1_800, sse: 4_300, poll: 8_000 } as const
const firstMessageMs = { websocket: 1_000, sse: 3_000, poll: 8_000 } as const
/** And when there are none. */
const patientMs = 15_000
export const firstBackoffMs = 1_000
const longestBackoffMs = 30_000

/** Nothing has come for as long as was granted. */
export const silence: Ending = { retry: 'now', told: false, message: 'nothing was heard for too long' }

/** The next attempt of this round, or the end of the round. */
export function dial(state: State, context: Context, ending: Ending = silence): State {
  const { settings, standings, tried } = state
  const transport = choose(settings.transports, standings, tried, context.now)
  if (transport === undefined) return fail(state, ending, context)
  context.act.disarm('retry')
  const coming = open(state, transport, context)
  return { ...state, phase: 'opening', lines: coming.id, coming }
}

/** A line that is the state's next. */
export function open(state: State, transport: TransportName, { now, act }: Context): Line {
  const line = { id: state.lines + 1, transport, endpoint: state.endpoint, since: now, head: false }
  act.open(line)
  return line
}

/** An attempt came to nothing: the next of this round. */
export function missed(state: Opening, outcome: Outcome, ending: Ending, context: Context): State {
  const { transport } = state.coming
  const standings = failed(state.standings, transport, outcome, context.now)
  return dial({ ...state, standings, tried: [...state.tried, transport], refreshed: false }, context, ending)
}

/** A round of attempts has failed: waits for the next, or gives up. */
export function fail(state: State, ending: Ending, context: Context): State {
  const { settings, attempt } = state
  if (ending.retry !== 'never' && attempt + 1 >= settings.maxAttempts)
    return giveUp(state, ending, false, context)
  const endpoint = (state.endpoint + 1) % settings.endpoints
  return { ...pause(state, ending, context), attempt: attempt + 1, endpoint }
}

/** Waits with full jitter, unless the server said not to come back. */
export function pause(state: State, ending: Ending, context: Context): State {
  if (ending.retry === 'never') {
    const stale = ending.code === 'unauthenticated' || ending.code === 'token-expired'
    if (!stale || !state.settings.refreshable || state.refreshed) return giveUp(state, ending, true, context)
    return dial({ ...state, refreshed: true, tried: [] }, context)
  }
  context.act.disarm('opening')
  context.act.arm('retry', backoffMs(state, ending, context))
  return { ...state, phase: 'waiting', coming: undefined, tried: [], refreshed: false }
}

/** Milliseconds until the next attempt: full jitter under a ceiling that doubles from 1 s to 30 s. */
export function backoffMs({ attempt }: State, ending: Ending, { random }: Context): number {
  // "Come back now" does not grow until it has failed a few times.
  const growth = ending.told && ending.retry === 'now' ? Math.max(0, attempt - 3) : attempt
  return (ending.retryMs ?? 0) + random() * Math.min(longestBackoffMs, firstBackoffMs * 2 ** growth)
}

function giveUp(state: State, ending: Ending, denied: boolean, { act }: Context): State {
  act.over(ending, denied)
  return stop(state, denied ? 'denied' : 'closed', act)
}

/** Ends everything. */
export function stop(state: State, phase: 'denied' | 'closed', act: Acts): State {
  shutAll(state, act)
  return { ...state, phase, coming: undefined }
}

const timers = ['opening', 'retry', 'trust', 'silence', 'probe', 'doubt', 'upgrade'] as const

/** Shuts what a state has open and disarms its timers. */
export function shutAll(state: State, act: Acts): void {
  if (state.phase === 'live') act.shut(state.line)
  if (state.coming) act.shut(state.coming)
  for (const timer of timers) act.disarm(timer)
}

/** What an attempt was missing when its time was over. */
export function missing({ head, transport }: Line): Outcome {
  return !head ? 'blocked' : transport === 'websocket' ? 'silent' : 'buffered'
}

/** Milliseconds that an attempt has. A transport that is alone, or has lived here, has time; one that failed gets more. */
export function openingLimit({ settings, standings }: Opening | Live, { transport }: Line): number {
  const alone = settings.transports.length === 1 || standings[transport]?.proved
  return alone ? patientMs : Math.min(patientMs, openingMs[transport] * 2 ** failures(standings, transport))
}

/** Milliseconds that are left for the first message once the head is there. */
export function headLimit(state: Opening | Live, line: Line, now: number): number {
  const left = openingLimit(state, line) - (now - line.since)
  const { transport } = line
  return Math.max(300, Math.min(left, firstMessageMs[transport] * 2 ** failures(state.standings, transport)))
}
