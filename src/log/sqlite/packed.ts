import type { Data, NewEntry, Rule } from '../log.ts'

/** What few entries have. */
export interface Rest {
  readonly slot: string | undefined
  readonly removed: boolean | undefined
  readonly key: { readonly principal: string; readonly key: string } | undefined
}

/**
 * Appends on their way to the writer, by columns: an object for each entry is dear to copy to another thread. It is
 * filled until it is sent.
 */
export interface PackedAppends {
  /** Of each append. */
  readonly now: number[]
  readonly entries: number[]
  /** Of each entry. */
  readonly channel: string[]
  readonly event: string[]
  readonly data: Data[]
  readonly rule: number[]
  /** Of the entries that have any: which, and what. */
  readonly restOf: number[]
  readonly rest: Rest[]
  /** Rules that are used for the first time, with their numbers. */
  readonly rules: (readonly [number, Rule])[]
}

export function emptyAppends(): PackedAppends {
  return { now: [], entries: [], channel: [], event: [], data: [], rule: [], restOf: [], rest: [], rules: [] }
}

/** One append, as the store takes it. */
export interface UnpackedAppend {
  readonly kind: 'append'
  readonly now: number
  readonly entries: readonly NewEntry[]
  /** For each entry its rule, by its number. */
  readonly rules: readonly number[]
}

/** Adds an append: nothing but what the contract names, and no more bytes than are meant. */
export function pack(
  packed: PackedAppends,
  now: number,
  given: readonly NewEntry[],
  rules: readonly number[],
) {
  packed.now.push(now)
  packed.entries.push(given.length)
  for (const [i, { channel, event, data, slot, removed, key }] of given.entries()) {
    if (slot !== undefined || removed !== undefined || key !== undefined) {
      packed.restOf.push(packed.channel.length)
      packed.rest.push({ slot, removed, key: key && { principal: key.principal, key: key.key } })
    }
    packed.channel.push(channel)
    packed.event.push(event)
    packed.data.push(plainData(data))
    packed.rule.push(rules[i] ?? -1)
  }
}

export function unpack(packed: PackedAppends): readonly UnpackedAppend[] {
  const { channel, event, data, restOf, rest } = packed
  let at = 0
  let nextRest = 0
  return packed.entries.map((count, i) => {
    const entries: NewEntry[] = []
    const rules = packed.rule.slice(at, at + count)
    for (const end = at + count; at < end; at++) {
      const plain = { channel: channel[at] ?? '', event: event[at] ?? '', data: data[at] ?? '' }
      entries.push(restOf[nextRest] === at ? withRest(plain, rest[nextRest++]) : plain)
    }
    return { kind: 'append', now: packed.now[i] ?? 0, entries, rules }
  })
}

function withRest(entry: NewEntry, rest: Rest | undefined): NewEntry {
  const { slot, removed, key } = rest ?? {}
  return {
    ...entry,
    ...(slot === undefined ? {} : { slot }),
    ...(removed === undefined ? {} : { removed }),
    ...(key === undefined ? {} : { key }),
  }
}

function plainData(data: Data): Data {
  // A view of a pooled buffer would take the whole pool along.
  return typeof data === 'string' || data.byteLength === data.buffer.byteLength ? data : new Uint8Array(data)
}
