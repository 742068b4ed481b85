import type { EverwireError } from '../protocol/codes.ts'
import type { ChannelState, Gap, Message, SnapshotMark } from './types.ts'

/** What happens on a channel besides its messages. */
export interface ChannelEvents {
  /** Any message, whatever its event. */
  readonly '*': Message
  /** Messages may be missing: what comes next does not follow. */
  readonly gap: Gap
  readonly snapshot: SnapshotMark
  readonly state: ChannelState
  /** Where it begins, or goes on after a drop; a poll does not tell at first. */
  readonly subscribed: { readonly id: string | undefined }
  /** The channel was refused; the wire lives on. */
  readonly error: EverwireError
}

/** Events of the application have a space before their names, which keeps "gap" apart from a gap. */
export type Heard = ChannelEvents & { readonly [event: ` ${string}`]: Message }
