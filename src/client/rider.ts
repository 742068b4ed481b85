import type { ServerMessage, WelcomeMessage } from '../protocol/messages.ts'
import type { Subscription } from './subscription.ts'
import type { Access, Outgoing, TransportName } from './transports/transport.ts'

/** A line that has been opened. */
export interface OpenLine {
  readonly transport: TransportName
  /** Of a fixed connection: what it carries, in the order to which floors refer. */
  readonly starts?: readonly Subscription[] | undefined
  readonly welcome: Partial<WelcomeMessage>
  readonly access: Access
  /** Where a fixed connection began. */
  readonly position?: string
  send(outgoing: Outgoing): void
}

/** What takes part in a wire, and is told of what happens to it. None knows of the others. */
export interface Rider {
  /** `line` carries everything from now on. Whoever joins is told at once of the one there is. */
  adopted?(line: OpenLine): void
  /** The line that carried everything is gone. */
  lost?(line: OpenLine): void
  /**
   * What the line brings, and the answer to something that was sent, on whatever line that comes. `position`: where the
   * whole of a fixed connection stands after it.
   */
  received?(message: ServerMessage, position?: string): void
  /** The wire is over: nothing will be sent any more. */
  ended?(error: Error): void
}
