import type { Outgoing, WireFormat } from '../../hub/format.ts'
import type { GapMessage, SnapshotMessage } from '../../protocol/messages.ts'
import { formatEvent, type SseEvent } from '../../protocol/sse.ts'
import { dataJson, messageJson } from './json.ts'
import { packings, type Packing } from './packing.ts'

/** What a message becomes on an event stream, apart from its id. */
type Shape = (message: Outgoing) => Pick<SseEvent, 'event' | 'data'>

/** Events of a stream (PROTOCOL.md section 7), ready for the socket. */
export class SseFormat implements WireFormat {
  readonly name: string
  readonly packing: Packing
  readonly #shape: Shape

  constructor(name: string, shape: Shape, packing: Packing) {
    this.name = `${name}-${packing.encoding}-${packing.framing}`
    this.packing = packing
    this.#shape = shape
  }

  /** One event of any kind. */
  event(event: SseEvent): Uint8Array {
    return this.packing.pack(formatEvent(event))
  }

  message(message: Outgoing): Uint8Array {
    return this.event({ ...this.#shape(message), ...idOf(message) })
  }

  messageAt(message: Outgoing, position: string): Uint8Array {
    return this.event({ ...this.#shape(message), id: position })
  }

  gap(gap: GapMessage): Uint8Array {
    return this.event({ event: 'gap', ...idOf(gap), data: JSON.stringify(gap) })
  }

  snapshot(snapshot: SnapshotMessage): Uint8Array {
    return this.event({ event: 'snapshot', ...idOf(snapshot), data: JSON.stringify(snapshot) })
  }

  position(id: string): Uint8Array {
    return this.event({ event: 'position', id, data: '{}' })
  }

  join(parts: readonly Uint8Array[]): Uint8Array {
    return this.packing.join(parts)
  }

  /** A comment line: keeps the connection alive and dispatches nothing, not even in a sloppy parser. */
  readonly heartbeat: () => Uint8Array = once(() => this.packing.pack(': hb\n'))
}

/** As an optional field. */
export function idOf({ id }: { readonly id?: string | undefined }): { readonly id?: string } {
  return id === undefined ? {} : { id }
}

const bare: Shape = (message) => ({ event: message.event, data: dataJson(message) })
const envelope: Shape = (message) => ({ data: messageJson(message) })

export type SseFormats = Readonly<
  Record<Packing['encoding'], Readonly<Record<Packing['framing'], SseFormat>>>
>

function formatsOf(name: string, shape: Shape): SseFormats {
  return {
    identity: {
      plain: new SseFormat(name, shape, packings.identity.plain),
      chunked: new SseFormat(name, shape, packings.identity.chunked),
    },
    gzip: {
      plain: new SseFormat(name, shape, packings.gzip.plain),
      chunked: new SseFormat(name, shape, packings.gzip.chunked),
    },
  }
}

/** `bare`: one channel, the event's name and its data; `envelope`: the `message` object (PROTOCOL.md 7.4). */
export const sseFormats = {
  bare: formatsOf('sse', bare),
  envelope: formatsOf('sse-envelope', envelope),
} as const

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}
