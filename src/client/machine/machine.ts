import { chooser, type Outcome } from '../chooser.ts'
import type { Ending, TransportName } from '../transports/transport.ts'
import type { Acts, Attempt, Event, LineEvent, Settings, Timer, WireState, World } from './acts.ts'

/** Milliseconds that an attempt has while there are others to turn to, and from its head to the first message. */
const openingMs = { websocket: 1_800, sse: 4_300, poll: 8_000 } as const
const firstMessageMs = { websocket: 1_000, sse: 3_000, poll: 8_000 } as const
/** And when there are none. */
const patientMs = 15_000
const firstBackoffMs = 1_000
const longestBackoffMs = 30_000
/** How long a connection must live to be trusted. */
const trustMs = 10_000
/** How long a new WebSocket, and one that may have died unseen, has to show that it carries both ways. */
const proofMs = 4_000
const probeMs = 1_500
/** After so long without an answer another connection is opened beside it; whichever speaks first is kept. */
const doubtMs = 400
/** What only listens, and has heard nothing for so long while the page was away, may be dead. */
const awayMs = 5_000

/** Nothing has come for as long as was granted. */
const silence: Ending = { retry: 'now', told: false, message: 'nothing was heard' }

/**
 * When to connect, by what, and when to give up. It has neither network nor clock: it is told what happens, and does
 * what `acts` says. Each event is taken when the one before it has been dealt with.
 */
export function machine<Line extends Attempt>(settings: Settings, world: World, acts: Acts<Line>) {
  const { transports, endpoints, maxAttempts, refreshable } = settings
  const { now, random } = world
  const { open, shut, adopt, lost, ping, arm, disarm, switched, over, changed } = acts
  const ways = chooser(transports, now, world.recall?.(), world.remember)
  const events: Event<Line>[] = []

  /** What carries everything. */
  let line: Line | undefined
  /** Being opened, perhaps to take over from `line`. */
  let coming: Line | undefined
  let headSeen = false
  let ended: 'denied' | 'closed' | undefined
  let endpoint = Math.floor(random() * endpoints)
  /** What has failed in this round. */
  let tried: TransportName[] = []
  /** Rounds that have failed since a connection was last trusted. */
  let attempt = 0
  let wasLive = false
  /** The last attempt was refused for its token, and a new one was asked for. */
  let refreshed = false
  /** The platform says that there is no network. */
  let offline = false

  // Of the line that lives, or lived.
  let heartbeatMs = 0
  /** There was one before it. */
  let again = false
  /** It has lived for `trustMs`. */
  let trusted = false
  /** Something has come since the first message, or the answer to the last ping. */
  let alive = false
  /** Another set of channels was asked for, and is still to be tried, perhaps again. */
  let restreamOwed = false

  function stateNow(): WireState {
    if (ended) return ended
    if (offline) return 'offline'
    if (line) return again && !trusted ? 'recovered' : 'live'
    return wasLive ? 'reconnecting' : 'connecting'
  }

  function tell(...event: Event<Line>): void {
    // What an act brings about waits: none acts on a state that has moved on.
    if (events.push(event) > 1) return
    for (let next: Event<Line> | undefined = event; next; next = events[0]) {
      const before = stateNow()
      if (!ended) take(next)
      const state = stateNow()
      if (state !== before) changed(state)
      events.shift()
    }
  }

  function take(event: Event<Line>): void {
    switch (event[0]) {
      case 'close':
        ended = 'closed'
        return letGo()
      case 'offline':
        offline = true
        return
      case 'online':
        offline = false
        // Another network may let through what the last one did not.
        ways.forget()
        return resume(true)
      case 'shown':
        return resume(false)
      case 'asleep':
        letGo()
        tried = []
        refreshed = false
        return
      case 'timer':
        return rang(event[1])
      case 'restream':
        return line && succeed(line, line.transport)
      case 'stalled':
        return line && drop(line, silence)
      default:
        if (event[1] === coming) return whileComing(coming, event)
        if (event[1] !== line) return
        if (event[0] === 'ended') return drop(line, event[2])
        if (event[0] === 'alive') provedAlive(line)
    }
  }

  function whileComing(successor: Line, event: LineEvent<Line>): void {
    switch (event[0]) {
      case 'dialled':
        return arm('opening', openingLimit(successor.transport))
      case 'head':
        headSeen = true
        return arm('opening', headLimit(successor))
      case 'opened':
        return carry(successor, event[2])
      case 'ended':
        if (line) return unsucceeded(line, successor, event[2], 'blocked')
        if (!event[2].told) return missed(successor, event[2])
        // The server has spoken: another transport would hear the same.
        return event[2].retry === 'never' ? pause(event[2]) : fail(event[2])
      case 'alive':
    }
  }

  function rang(timer: Timer): void {
    if (line) return rangWhileLive(line, timer)
    if (timer === 'retry' && !coming) return dial()
    if (timer !== 'opening' || !coming) return
    shut(coming)
    missed(coming, silence)
  }

  function rangWhileLive(current: Line, timer: Timer): void {
    switch (timer) {
      case 'silence':
      case 'probe':
      case 'doubt': {
        // Where much is on its way, the answer may stand behind it.
        const granted = timer === 'doubt' ? doubtMs / 2 : timer === 'probe' ? probeMs : 2 * heartbeatMs
        const left = current.heardAt + granted - now()
        if (left > 0) return arm(timer, left)
        return timer === 'doubt' ? succeed(current, current.transport) : drop(current, silence)
      }
      case 'trust':
        ways.lived(current.transport)
        trusted = true
        refreshed = false
        attempt = 0
        return armUpgrade(current, 0)
      case 'upgrade': {
        const better = ways.better(current.transport)
        if (better) return coming ? armUpgrade(current, trustMs) : succeed(current, better.to)
        return
      }
      case 'opening':
        if (coming) unsucceeded(current, coming, silence, missing(coming.transport))
        else succeed(current, current.transport)
        return
      case 'retry':
    }
  }

  /** The page or the network is back. `doubted`: it may be another network. */
  function resume(doubted: boolean): void {
    if (!line) return coming ? undefined : dial()
    // What lives has to prove that it does.
    const quietMs = now() - line.heardAt
    if (quietMs >= 2 * heartbeatMs) return drop(line, silence)
    const asks = line.transport === 'websocket'
    if (asks) probe(line, probeMs)
    // What only listens cannot ask, and a network that has changed seldom carries what it carried before.
    if (doubted || (!asks && quietMs >= awayMs)) succeed(line, line.transport)
    else if (asks) arm('doubt', doubtMs)
  }

  /** The next attempt of this round, or the end of the round. */
  function dial(ending = silence): void {
    const transport = ways.choose(tried)
    if (!transport) return fail(ending)
    disarm('retry')
    begin(transport)
  }

  function begin(transport: TransportName): void {
    headSeen = false
    coming = open(transport, endpoint)
  }

  /** An attempt came to nothing: the next of this round. */
  function missed({ transport }: Line, ending: Ending): void {
    ways.failed(transport, missing(transport))
    coming = undefined
    tried.push(transport)
    refreshed = false
    dial(ending)
  }

  /** A round of attempts has failed: waits for the next, or gives up. */
  function fail(ending: Ending): void {
    if (ending.retry !== 'never' && attempt + 1 >= maxAttempts) return giveUp(ending, false)
    pause(ending)
    attempt++
    endpoint = (endpoint + 1) % endpoints
  }

  /** Waits with full jitter, unless the server said not to come back. */
  function pause(ending: Ending): void {
    const { retry, code } = ending
    coming = undefined
    tried = []
    if (retry === 'never') {
      const stale = code === 'unauthenticated' || code === 'token-expired'
      if (!stale || !refreshable || refreshed) return giveUp(ending, true)
      refreshed = true
      return dial()
    }
    refreshed = false
    disarm('opening')
    arm('retry', backoffMs(ending))
  }

  /** Milliseconds until the next attempt: full jitter under a ceiling that doubles from 1 s to 30 s. */
  function backoffMs({ told, retry, retryMs = 0 }: Ending): number {
    // "Come back now" does not grow until it has failed a few times.
    const growth = told && retry === 'now' ? Math.max(0, attempt - 3) : attempt
    return retryMs + random() * Math.min(longestBackoffMs, firstBackoffMs * 2 ** growth)
  }

  function giveUp(ending: Ending, denied: boolean): void {
    ended = denied ? 'denied' : 'closed'
    over(ending, denied)
    letGo()
  }

  /** Ends what is open, and what was to be done about it. */
  function letGo(): void {
    const carried = line
    const begun = coming
    line = coming = undefined
    if (carried && !ended) lost(carried)
    if (carried) shut(carried)
    if (begun) shut(begun)
    disarm()
  }

  /** What an attempt was missing when its time was over. */
  function missing(transport: TransportName): Outcome {
    return !headSeen ? 'blocked' : transport === 'websocket' ? 'silent' : 'buffered'
  }

  /** Milliseconds that an attempt has. A transport that is alone, or has lived here, has time; one that failed gets more. */
  function openingLimit(transport: TransportName): number {
    const alone = transports.length === 1 || ways.hasLived(transport)
    return alone ? patientMs : Math.min(patientMs, openingMs[transport] * 2 ** ways.failures(transport))
  }

  /** Milliseconds that are left for the first message once the head is there. */
  function headLimit({ transport, heardAt }: Line): number {
    const left = openingLimit(transport) - (now() - heardAt)
    return Math.max(300, Math.min(left, firstMessageMs[transport] * 2 ** ways.failures(transport)))
  }

  /** The server has spoken on `next`: it carries everything from now on. */
  function carry(next: Line, beatMs: number): void {
    const before = line
    const { transport } = next
    if (!before) {
      ways.opened(tried)
      again = wasLive
    }
    line = next
    coming = undefined
    tried = []
    heartbeatMs = beatMs
    wasLive = true
    trusted = alive = restreamOwed = offline = false
    disarm('opening')
    calm()
    adopt(next)
    if (before) shut(before)
    switched(transport, ways.reason(transport))
    // What carries no channel has shown nothing.
    if (beatMs < Infinity) arm('trust', trustMs)
    arm('silence', 2 * beatMs)
    // What opens a WebSocket may still swallow all that follows.
    if (transport === 'websocket') probe(next, proofMs)
  }

  /** Opens a connection that is to take over from the one that lives. */
  function succeed(current: Line, transport: TransportName): void {
    // One that brings a better transport goes first.
    if (coming && coming.transport !== current.transport) {
      restreamOwed = true
      return
    }
    if (coming) shut(coming)
    if (transport === current.transport) restreamOwed = false
    begin(transport)
  }

  /** The line has spoken, perhaps because it was asked to: what was to take its place for its silence is not needed. */
  function provedAlive({ transport }: Line): void {
    calm()
    alive = true
    offline = false
    if (transport !== 'websocket' || coming?.transport !== transport) return
    shut(coming)
    coming = undefined
    disarm('opening')
  }

  /** The connection that lived is gone. */
  function drop({ transport }: Line, ending: Ending): void {
    const dead = ending === silence
    const blamed = !ending.told && !(trusted && (alive || !dead))
    if (blamed) ways.failed(transport, dead ? 'silent' : 'killed')
    letGo()
    refreshed &&= ending.retry === 'never'
    // Who is held makes room without delay for one that is not. Nor does one wait that has just found out how long it
    // has been deaf.
    if (blamed ? ways.instead(transport) : dead) dial()
    else if (trusted) pause(ending)
    else fail(ending)
  }

  /** What was to take over came to nothing. */
  function unsucceeded(current: Line, successor: Line, ending: Ending, outcome: Outcome): void {
    const { transport } = successor
    const judge = () => {
      ways.failed(transport, outcome)
      ways.opened([transport])
    }
    coming = undefined
    shut(successor)
    disarm('opening')
    if (transport !== current.transport) {
      // It had its chance and is held for longer.
      judge()
      armUpgrade(current, 0)
      if (restreamOwed) succeed(current, current.transport)
      return
    }
    // One that was only doubted has to prove itself, with or without another beside it.
    if (transport === 'websocket') return
    // What opened without a channel may yet hold back what has one.
    const stuck = ending === silence && heartbeatMs === Infinity
    if (stuck) judge()
    restreamOwed = true
    const other = stuck && ways.instead(transport)
    if (other) succeed(current, other)
    else arm('opening', backoffMs(ending))
    attempt++
  }

  function armUpgrade({ transport }: Line, atLeast: number): void {
    const better = ways.better(transport)
    if (better) arm('upgrade', Math.max(atLeast, better.at - now()) + random() * firstBackoffMs)
  }

  /** What was doubted is so no more, or is gone. */
  function calm(): void {
    disarm('probe')
    disarm('doubt')
  }

  function probe(current: Line, ms: number): void {
    ping(current)
    arm('probe', ms)
  }

  return {
    tell,
    get state() {
      return stateNow()
    },
    /** What carries everything. */
    get line() {
      return line
    },
    /** What is being opened. */
    get coming() {
      return coming
    },
  }
}
