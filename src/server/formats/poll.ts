import type { Outgoing, WireFormat } from '../../hub/format.ts'
import type { GapMessage, SnapshotMessage } from '../../protocol/messages.ts'
import { messageJson } from './json.ts'

/** Elements of the arrays of a poll's answer (PROTOCOL.md 8.1), each with a comma behind it, so that they join. */
export const pollFormat: WireFormat = {
  name: 'poll',
  message: (message: Outgoing) => Buffer.from(`${messageJson(message)},`),
  gap: (gap: GapMessage) => Buffer.from(`${JSON.stringify(gap)},`),
  snapshot: (snapshot: SnapshotMessage) => Buffer.from(`${JSON.stringify(snapshot)},`),
  // The answer's own `id` says it.
  position: () => new Uint8Array(0),
}
