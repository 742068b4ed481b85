import type { TransportName } from './transports/transport.ts'

/**
 * What became of an attempt: no sign of the server (`blocked`); its headers came, the first event did not
 * (`buffered`); it opened and then swallowed everything (`silent`); it opened and was soon cut (`killed`).
 */
export type Outcome = 'blocked' | 'buffered' | 'silent' | 'killed'

interface Standing {
  /** Failures since it was last trusted or held. */
  readonly strikes: number
  /** How often it was held since it was last trusted. */
  readonly holds: number
  /** Until then others are tried first. */
  readonly heldUntil: number
  readonly outcome?: Outcome
}

/** What is known of each transport on this network. */
export type Standings = Partial<Record<TransportName, Standing>>

const fresh: Standing = { strikes: 0, holds: 0, heldUntil: 0 }

/** How long a transport that failed is held: 15 s, since the server may only have been starting, doubling to 30 min. */
const holdMs = 15_000
const longestHoldMs = 30 * 60_000

/** Attempts that a transport that has lived gets to itself: a server that restarts is no blocked path. */
const patience = 3

/** Which transport to try, by what became of each on this network. */
export function chooser(
  preference: readonly TransportName[],
  now: () => number,
  all: Standings = {},
  remember?: (all: Standings) => void,
) {
  /** It has lived for a while, and no other has since. */
  let proved: TransportName | undefined

  const of = (name: TransportName) => all[name] ?? fresh
  /** For so long it is held; 0 for all that are not, however the clock ticks while they are compared. */
  const heldMs = (name: TransportName) => Math.max(0, of(name).heldUntil - now())

  function hold(name: TransportName): void {
    const { holds } = of(name)
    const heldUntil = now() + Math.min(longestHoldMs, holdMs * 2 ** holds)
    all[name] = { ...of(name), strikes: 0, holds: holds + 1, heldUntil }
    if (proved === name) proved = undefined
    remember?.(all)
  }

  /**
   * The one to try next: the one that has lived, alone; else those that are not held, by preference, then those that
   * are. Undefined: all that make sense have been tried in this round.
   */
  function choose(tried: readonly TransportName[]): TransportName | undefined {
    const candidates =
      proved && of(proved).strikes < patience
        ? [proved]
        : [...preference].sort((a, b) => heldMs(a) - heldMs(b))
    return candidates.find((name) => !tried.includes(name))
  }

  return {
    choose,
    /** What would be tried in place of `name`; undefined: nothing, or what is held itself. */
    instead(name: TransportName): TransportName | undefined {
      const next = choose([])
      return next !== name && next && !heldMs(next) ? next : undefined
    },
    hasLived: (name: TransportName) => proved === name,
    /** How often it has failed since it was last trusted: a slow path deserves more time, an untried one does not. */
    failures: (name: TransportName) => of(name).strikes + of(name).holds,

    /** An attempt has failed. `killed` holds it the second time; so do `silent` and `buffered` what has lived, others at once. */
    failed(name: TransportName, outcome: Outcome): void {
      const strikes = of(name).strikes + 1
      all[name] = { ...of(name), strikes, outcome }
      const again = strikes > 1
      const toHold =
        outcome === 'killed'
          ? again || of(name).holds > 0
          : outcome !== 'blocked' && (again || proved !== name)
      if (toHold) hold(name)
    },
    /** One has opened: those that failed just before did so on a network that works. */
    opened(tried: readonly TransportName[]): void {
      for (const name of tried) if (all[name] && !heldMs(name)) hold(name)
    },
    lived(name: TransportName): void {
      proved = name
      delete all[name]
      remember?.(all)
    },
    /** On another network nothing is known. */
    forget(): void {
      proved = undefined
      all = {}
      remember?.(all)
    },

    /** When one that is preferred to `name` may be tried again; undefined: there is none. */
    better(name: TransportName): { readonly to: TransportName; readonly at: number } | undefined {
      const before = preference.slice(0, preference.indexOf(name))
      return before.map((to) => ({ to, at: of(to).heldUntil })).sort((a, b) => a.at - b.at)[0]
    },
    /** Why `name` was taken: `preferred`, or what became of those before it. */
    reason(name: TransportName): string {
      const before = preference.slice(0, preference.indexOf(name))
      return before.map((other) => `${other} ${of(other).outcome ?? 'untried'}`).join(', ') || 'preferred'
    },
  }
}
