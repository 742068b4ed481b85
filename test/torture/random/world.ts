/** What retention keeps of `short/*`: few enough to bite. */
export const shortCount = 40

/** What a log keeps. */
export const stored = ['all/1', 'all/2', 'short/1', 'latest/1'] as const
/** Signals: never stored. */
export const signals = 'none/1'
export const channels: readonly string[] = [...stored, signals]
export const slots = ['a', 'b', 'c', 'd', 'e', 'f'] as const
/** Who is there is known. */
export const room = 'room/1'
/** Nobody may publish there. */
export const locked = 'locked/1'

/** What a publisher says: unique, and able to show that it is whole. */
export interface Payload {
  readonly by: string
  readonly n: number
  readonly pad: string
  readonly sum: number
}

export function payload(by: string, n: number, bytes: number): Payload {
  const pad = 'x'.repeat(bytes)
  return { by, n, pad, sum: sumOf(by, n, pad) }
}

export function isWhole(value: unknown): value is Payload {
  if (typeof value !== 'object' || value === null) return false
  const { by, n, pad, sum } = value as Partial<Payload>
  return (
    typeof by === 'string' &&
    typeof n === 'number' &&
    typeof pad === 'string' &&
    sum === sumOf(by, n, pad) &&
    pad === 'x'.repeat(pad.length)
  )
}

function sumOf(by: string, n: number, pad: string): number {
  let sum = n + pad.length
  for (const character of by) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003
  return sum
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function pick<T>(random: () => number, from: readonly T[]): T {
  const picked = from[Math.floor(random() * from.length)]
  if (picked === undefined) throw new Error('nothing to pick from')
  return picked
}
