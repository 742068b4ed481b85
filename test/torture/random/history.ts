import { closeSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { isWhole } from './world.ts'

/** `wire`: what a bare client got; `application`: what the SDK gave its application. */
export type Level = 'wire' | 'application'

/**
 * What a reader has seen, in order. `at` is where it stands after it, as it was told; `list`: that position speaks of
 * the reader's whole list of channels, floors included.
 */
export type Seen =
  /** It begins here: what lies at or before is not wanted. */
  | { readonly type: 'begin'; readonly channel: string; readonly at: string }
  | Delivered
  | {
      readonly type: 'gap'
      readonly channel: string
      readonly reason: string
      readonly at?: string | undefined
      readonly oldest?: string | undefined
      readonly list?: boolean
    }
  | { readonly type: 'snapshot'; readonly channel: string; readonly phase: 'begin' | 'end' }
  /** Everything of the channel up to here has been written. */
  | { readonly type: 'proved'; readonly channel: string; readonly at: string }
  /** The same of the whole list. */
  | { readonly type: 'listed'; readonly at: string }

export interface Delivered {
  readonly type: 'message'
  readonly channel: string
  /** None: a signal. */
  readonly id: string | undefined
  /** Who published it; `''` for a removal, which has no data; `!` and the data when it is not whole. */
  readonly who: string
  readonly slot: string
  readonly removed: boolean
  /** On a list. */
  readonly at?: string | undefined
}

/** Something that was sent, answered or not. */
export interface Tried {
  readonly type: 'tried'
  readonly who: string
  readonly channel: string
  readonly slot: string
  readonly removed: boolean
}

/** An answer: an id, or none for a signal. */
export interface Acknowledged {
  readonly type: 'acknowledged'
  readonly who: string
  readonly id: string | undefined
}

/** An answer that must not be. */
export interface Wronged {
  readonly type: 'wronged'
  readonly violation: 'foreign dedupe' | 'wrong refusal' | 'presence' | 'crash' | 'stall'
  readonly what: string
}

export type Sent = Tried | Acknowledged | Wronged

/** What the log holds at the end. */
export interface Kept {
  readonly channel: string
  readonly id: string
  readonly who: string
  readonly slot: string
  readonly removed: boolean
}

/** Who published this: short enough to be kept a million times, and able to show what was damaged. */
export function authorOf(data: unknown, removed: boolean): string {
  if (removed && data === null) return ''
  return isWhole(data) ? `${data.by}:${data.n}` : `!${String(JSON.stringify(data)).slice(0, 100)}`
}

/** A part of the history in a file: written as it happens, read again by the judge line by line. */
export class Chronicle<Line> implements Iterable<Line> {
  readonly #path: string
  readonly #file: number
  #pending: string[] = []
  length = 0

  constructor(folder: string, name: string) {
    mkdirSync(folder, { recursive: true })
    this.#path = join(folder, `${name.replaceAll(/\W/g, '-')}.jsonl`)
    this.#file = openSync(this.#path, 'w')
  }

  add(line: Line): void {
    this.length++
    // Messages are nearly all there is: as a list they take half of the room.
    this.#pending.push(JSON.stringify(packed(line)))
    if (this.#pending.length >= 512) this.#flush()
  }

  close(): void {
    this.#flush()
    closeSync(this.#file)
  }

  *[Symbol.iterator](): Iterator<Line> {
    this.#flush()
    const file = openSync(this.#path, 'r')
    try {
      const buffer = Buffer.alloc(1 << 20)
      const decoder = new StringDecoder('utf8')
      let rest = ''
      for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) {
        const lines = (rest + decoder.write(buffer.subarray(0, read))).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) yield unpacked(JSON.parse(line)) as Line
      }
    } finally {
      closeSync(file)
    }
  }

  #flush(): void {
    if (this.#pending.length > 0) writeSync(this.#file, `${this.#pending.join('\n')}\n`)
    this.#pending = []
  }
}

function packed(line: unknown): unknown {
  const message = line as Delivered
  if (message.type !== 'message') return line
  const { channel, id, who, slot, removed, at } = message
  return [channel, id ?? 0, who, slot, removed ? 1 : 0, at === undefined ? 0 : at === id ? 1 : at]
}

function unpacked(line: unknown): unknown {
  if (!Array.isArray(line)) return line
  const [channel, id, who, slot, removed, at] = line
  const given = id === 0 ? undefined : id
  return {
    type: 'message',
    channel,
    id: given,
    who,
    slot,
    removed: removed === 1,
    ...(at === 0 ? {} : { at: at === 1 ? given : at }),
  }
}
