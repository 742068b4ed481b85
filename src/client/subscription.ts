import type { Start } from '../protocol/messages.ts'
import type { Heard } from './heard.ts'
import type { Listeners } from './listeners.ts'
import type { Track } from './track.ts'
import type { Carried } from './transports/transport.ts'
import type { ChannelState } from './types.ts'

/** A channel that is wanted, from its beginning to its end; after that it is another. */
export interface Subscription extends Carried {
  /** Where it was asked for last. */
  start: Start
  readonly track: Track
  readonly listeners: Listeners<Heard>
  isWanted(): boolean
  state: ChannelState
  /** Of the `subscribe` that holds on this line. */
  ref: number | undefined
}
