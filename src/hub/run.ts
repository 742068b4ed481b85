import type { Frame } from './frame.ts'
import type { WireFormat } from './format.ts'

/**
 * Frames that follow each other. Their bytes are joined once per wire format, whoever takes them: readers at the same
 * place, which is nearly all of them, write one and the same buffer.
 */
export class Run {
  readonly frames: readonly Frame[]
  readonly #shared: boolean
  #joined: Map<WireFormat, Uint8Array> | undefined

  /** Not `shared`: it has one taker, so that the bytes of a lone frame need not be held. */
  constructor(frames: readonly Frame[], shared = true) {
    this.frames = frames
    this.#shared = shared
  }

  // Hot path: once per reader per turn.
  bytes(format: WireFormat): Uint8Array {
    const [first] = this.frames
    if (!first) return empty
    if (this.frames.length === 1) return this.#shared ? first.bytes(format) : first.bytesOnce(format)
    const known = this.#joined?.get(format)
    if (known) return known
    const parts = this.frames.map((frame) => frame.bytes(format))
    const bytes = format.join ? format.join(parts) : Buffer.concat(parts)
    this.#joined ??= new Map()
    this.#joined.set(format, bytes)
    return bytes
  }
}

const empty = new Uint8Array(0)

export const emptyRun = new Run([])
