import type { Standings } from './chooser.ts'
import type { Env } from './env.ts'

/** How long what was learned of a network holds: the tab may be on another by then. */
const holdsMs = 10 * 60_000

/**
 * What was learned of the transports, for the next page of this tab: so that not every page has to find out anew that
 * WebSockets are blocked here.
 */
export function memory(key: string): Pick<Env, 'recall' | 'remember'> {
  return {
    recall() {
      try {
        const { at, standings } = JSON.parse(sessionStorage.getItem(key) ?? '')
        return Date.now() - at < holdsMs ? standings : {}
      } catch {
        // Nothing was kept, or nothing can be.
        return {}
      }
    },
    remember(standings: Standings) {
      try {
        const kept = { at: Date.now(), standings }
        // What was struck once may do well for the next page.
        sessionStorage.setItem(
          key,
          JSON.stringify(kept, (name, value) => (name === 'strikes' ? 0 : value)),
        )
      } catch {
        // It is only a convenience.
      }
    },
  }
}
