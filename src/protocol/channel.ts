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
      let next = node.next.get(segment)
      if (!next) node.next.set(segment, (next = newNode()))
      node = next
    }
    if (node.found) throw new Error(`the pattern ${pattern} is given twice`)
    node.found = { pattern, value }
  }

  /** The most specific match, or undefined. */
  match(name: string): { readonly pattern: string; readonly value: T } | undefined {
    const segments = name.split('/')

    return descend(this.#root, segments, 0)
  }
}

interface PatternNode<T> {
  readonly next: Map<string, PatternNode<T>>
  found: { readonly pattern: string; readonly value: T } | undefined
}

function newNode<T>(): PatternNode<T> {
  return { next: new Map(), found: undefined }
}

// Bounded by the number of patterns, which the operator writes, never by the name.
function descend<T>(
  node: PatternNode<T>,
  segments: readonly string[],
  depth: number,
): PatternNode<T>['found'] {
  const segment = segments[depth]
  if (segment === undefined) return node.found
  for (const key of [segment, '*']) {
    const next = node.next.get(key)
    const found = next && descend(next, segments, depth + 1)
    if (found) return found
  }
  return node.next.get('**')?.found
}
