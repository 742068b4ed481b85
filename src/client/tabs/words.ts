import type { ServerMessage, WelcomeMessage } from '../../protocol/messages.ts'
import type { Ending } from '../transports/transport.ts'
import type { TransportChange } from '../types.ts'

/** What the tabs of one origin say to each other. `port`: one connection of one tab to the tab that leads. */
export type Word =
  /** To all: the tab that leads has a connection. */
  | { readonly kind: 'leads'; readonly leader: string }
  /** To all: what the connection of the tab that leads goes over from now on. */
  | { readonly kind: 'over'; readonly leader: string; readonly over: TransportChange }
  /** To whoever leads. */
  | { readonly kind: 'open' | 'close'; readonly port: string }
  | { readonly kind: 'say'; readonly port: string; readonly text: string }
  /** To a port. `wait`: there is a leader, which has no connection itself yet. */
  | { readonly kind: 'wait'; readonly to: string }
  | {
      readonly kind: 'opened'
      readonly to: string
      readonly leader: string
      readonly welcome: Partial<WelcomeMessage>
      readonly over: TransportChange | undefined
    }
  | { readonly kind: 'tell'; readonly to: string; readonly message: ServerMessage }
  | { readonly kind: 'ended'; readonly to: string; readonly ending: Ending }

/** The lock that a port holds for as long as its tab lives. */
export function portLock(port: string): string {
  return `everwire port ${port}`
}
