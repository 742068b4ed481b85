import type { Outgoing } from '../../hub/format.ts'
import { toBase64 } from '../../protocol/binary.ts'

/**
 * The `message` object of PROTOCOL.md section 5. The stored text of the data is put in as it is: it is never parsed
 * and never stringified again.
 */
export function messageJson(message: Outgoing): string {
  const { data } = message
  if (typeof data === 'string') return head(message) + `,"data":${data}` + tail(message) + '}'
  return head(message) + `,"data":"${toBase64(data)}"` + tail(message) + ',"encoding":"base64"}'
}

/** The same without `data` and its encoding: the header of a binary message (PROTOCOL.md 6.4). */
export function headerJson(message: Outgoing): string {
  return head(message) + tail(message) + '}'
}

/** The data alone, as JSON. */
export function dataJson({ data }: Outgoing): string {
  return typeof data === 'string' ? data : `"${toBase64(data)}"`
}

function head({ channel, id, event }: Outgoing): string {
  const named = `{"type":"message","channel":${JSON.stringify(channel)}`
  return `${id === undefined ? named : `${named},"id":"${id}"`},"event":${JSON.stringify(event)}`
}

function tail({ time, previous, slot, removed }: Outgoing): string {
  let text = `,"time":${time}`
  if (previous !== undefined) text += `,"previous":"${previous}"`
  if (slot !== undefined) text += `,"slot":${JSON.stringify(slot)}`
  return removed ? text + ',"removed":true' : text
}
