import type { ServerMessage } from '../protocol/messages.ts'
import type { OpenLine } from './driver.ts'

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
