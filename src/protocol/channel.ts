import { EverwireError } from './codes.ts'

/** The longest channel name, in UTF-8 bytes. */
export const maxChannelBytes = 255

// oxlint-disable-next-line no-control-regex -- control characters are what must be found
const forbidden = /[\u0000-\u001f\u007f-\u009f\u2028\u2029*]|^\s|\s$|^$/u
const utf8 = new TextEncoder()

/**
 * Whether `name` may name a channel: 1 to 255 bytes of UTF-8, no control characters, no `*` (which belongs to
 * patterns), no lone surrogates, no white space at either end.
 */
export function isChannelName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name.length <= maxChannelBytes &&
    !forbidden.test(name) &&
    name.isWellFormed() &&
    // A UTF-16 unit has at most three bytes, so that nearly no name has to be encoded.
    (name.length * 3 <= maxChannelBytes || utf8.encode(name).length <= maxChannelBytes)
  )
}

/** `name` when it may name a channel; otherwise throws `bad-channel`. */
export function channelName(name: unknown): string {
  if (isChannelName(name)) return name
  const shown = typeof name === 'string' ? JSON.stringify(name.slice(0, 80)) : typeof name
  throw new EverwireError(
    'bad-channel',
    `${shown} cannot name a channel: 1 to ${maxChannelBytes} bytes of UTF-8 without control characters or "*"`,
  )
}

/**
 * Finds the most specific pattern that matches a channel name, in time linear in the name.
 *
 * A pattern is split on `/`; a segment `*` matches one segment, a last segment `**` one or more. An
 * exact segment beats `*`, which beats `**`, decided from the left.
 */
export class PatternMap<T> {
  readonly #root: PatternNode<T> = newNode()

  constructor(patterns: Iterable<readonly [pattern: string, value: T]>) {
    for (const [pattern, value] of patterns) this.#add(pattern, value)
  }

  #add(pattern: string, value: T): void {
    const segments = pattern.split('/')
    let node = this.#root
    for (const [i, segment] of segments.entries()) {
      if (segment === '**' && i < segments.length - 1)
        throw new Error(`${pattern}: "**" may only be the last segment`)
      if (segment !== '*' && segment !== '**' && segment.includes('*'))
        throw new Error(`${pattern}: "*" must be a whole segment`)
      node = nodeOf(node, segment)
    }
    if (node.found) throw new Error(`the pattern ${pattern} is given twice`)
    node.found = { pattern, value }
  }

  /** The most specific match, or undefined. */
  match(name: string): { readonly pattern: string; readonly value: T } | undefined {
    return descend(this.#root, name, 0)
  }
}

interface PatternNode<T> {
  readonly next: Map<string, PatternNode<T>>
  /** `*` */
  any: PatternNode<T> | undefined
  /** `**` */
  rest: PatternNode<T> | undefined
  found: { readonly pattern: string; readonly value: T } | undefined
}

function newNode<T>(): PatternNode<T> {
  return { next: new Map(), any: undefined, rest: undefined, found: undefined }
}

/** What stands for a segment of a pattern below `node`, made if it is new. */
function nodeOf<T>(node: PatternNode<T>, segment: string): PatternNode<T> {
  if (segment === '*') return (node.any ??= newNode())
  if (segment === '**') return (node.rest ??= newNode())
  let next = node.next.get(segment)
  if (!next) node.next.set(segment, (next = newNode()))
  return next
}

// Bounded by the number of patterns, which the operator writes, never by the name. Hot path: several times a publish, so
// no list of segments is made. `from`: where the segment begins; past the end there is none.
function descend<T>(node: PatternNode<T>, name: string, from: number): PatternNode<T>['found'] {
  if (from > name.length) return node.found
  const { next, any, rest } = node
  if (next.size > 0 || any) {
    const slash = name.indexOf('/', from)
    const end = slash < 0 ? name.length : slash
    const exact = next.size > 0 ? next.get(name.slice(from, end)) : undefined
    const found = (exact && descend(exact, name, end + 1)) ?? (any && descend(any, name, end + 1))
    if (found) return found
  }
  return rest?.found
}
