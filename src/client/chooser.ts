import type { TransportName } from './transports/transport.ts'

/**
 * What became of an attempt: no sign of the server (`blocked`); its headers came, the first event did not
 * (`buffered`); it opened and then swallowed everything (`silent`); it opened and was soon cut (`killed`).
 */
export type Outcome = 'blocked' | 'buffered' | 'silent' | 'killed'

interface Standing {
  /** It has lived for a while, and no other has since. */
  readonly proved: boolean
  /** Failures since it was last trusted or held. */
  readonly strikes: number
  /** How often it was held since it was last trusted. */
  readonly holds: number
  /** Until then others are tried first. */
  readonly heldUntil: number
  readonly outcome?: Outcome
}

/** What is known of each transport on this network. */
export type Standings = Readonly<Partial<Record<TransportName, Standing>>>

const fresh: Standing = { proved: false, strikes: 0, holds: 0, heldUntil: 0 }

/** How long a transport that failed is held: 15 s, since the server may only have been starting, doubling to 30 min. */
const holdMs = 15_000
const longestHoldMs = 30 * 60_000

/** Attempts that a transport that has lived gets to itself: a server that restarts is no blocked path. */
const patience = 3

/**
 * The transport to try next: the one that has lived, alone; else those that are not held, by preference, then those
 * that are. Undefined: all that make sense have been tried in this round.
 */
export function choose(
  preference: readonly TransportName[],
  standings: Standings,
  tried: readonly TransportName[],
  now: number,
): TransportName | undefined {
  const standing = (name: TransportName) => standings[name] ?? fresh
  const lived = preference.filter((name) => standing(name).proved && standing(name).strikes < patience)
  const freeAt = (name: TransportName) => Math.max(now, standing(name).heldUntil)
  const candidates = lived.length > 0 ? lived : [...preference].sort((a, b) => freeAt(a) - freeAt(b))
  return candidates.find((name) => !tried.includes(name))
}

/** Whether others are to be tried first. */
export function isHeld(standings: Standings, name: TransportName | undefined, now: number): boolean {
  return name !== undefined && (standings[name] ?? fresh).heldUntil > now
}

/** An attempt has failed. `killed` holds it the second time; so do `silent` and `buffered` what has lived, others at once. */
export function failed(standings: Standings, name: TransportName, outcome: Outcome, now: number): Standings {
  const before = standings[name] ?? fresh
  const struck = { ...before, strikes: before.strikes + 1, outcome }
  const toHold =
    outcome === 'killed'
      ? struck.strikes > 1 || struck.holds > 0
      : outcome !== 'blocked' && (!before.proved || struck.strikes > 1)
  return { ...standings, [name]: toHold ? hold(struck, now) : struck }
}

/** How often a transport has failed since it was last trusted: a slow path deserves more time, an untried one does not. */
export function failures(standings: Standings, name: TransportName): number {
  const { strikes, holds } = standings[name] ?? fresh
  return strikes + holds
}

/** A transport has opened: those that failed just before did so on a network that works. */
export function opened(standings: Standings, tried: readonly TransportName[], now: number): Standings {
  const after = { ...standings }
  for (const name of tried) {
    const standing = after[name]
    if (standing && standing.heldUntil <= now) after[name] = hold(standing, now)
  }
  return after
}

/** A transport has lived for a while. */
export function lived(standings: Standings, name: TransportName): Standings {
  const after: Partial<Record<TransportName, Standing>> = { [name]: { ...fresh, proved: true } }
  for (const [other, standing] of Object.entries(standings)) {
    if (other !== name) after[other as TransportName] = { ...standing, proved: false }
  }
  return after
}

/** When a transport that is preferred to `name` may be tried again; undefined: there is none. */
export function upgradeAt(
  preference: readonly TransportName[],
  standings: Standings,
  name: TransportName,
): { readonly to: TransportName; readonly at: number } | undefined {
  const better = preference.slice(0, preference.indexOf(name))
  return better.map((to) => ({ to, at: standings[to]?.heldUntil ?? 0 })).sort((a, b) => a.at - b.at)[0]
}

/** Why `name` was taken: `preferred`, or what became of those before it. */
export function reasonFor(
  preference: readonly TransportName[],
  standings: Standings,
  name: TransportName,
): string {
  const passed = preference.slice(0, preference.indexOf(name))
  return passed.map((other) => `${other} ${standings[other]?.outcome ?? 'untried'}`).join(', ') || 'preferred'
}

function hold(standing: Standing, now: number): Standing {
  const ms = Math.min(longestHoldMs, holdMs * 2 ** standing.holds)
  return { ...standing, proved: false, strikes: 0, holds: standing.holds + 1, heldUntil: now + ms }
}
