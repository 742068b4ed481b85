import type { Data, Entry, ReadLimit } from './log.ts'

/** The entries of one channel, oldest first. */
export type Source = () => Entry | undefined

/** Bytes of a message's data, as limits count them. */
export function sizeOf(data: Data): number {
  return typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength
}

/**
 * The oldest entries of several channels in sequence order, as many as the limit allows, and at least one.
 * `cut` when there are more.
 */
export function merge(
  sources: Iterable<Source>,
  limit: ReadLimit,
): { readonly entries: Entry[]; readonly cut: boolean } {
  const heads: { next: Entry; readonly source: Source }[] = []
  for (const source of sources) {
    const next = source()
    if (next) heads.push({ next, source })
  }
  const entries: Entry[] = []
  let bytes = 0
  while (heads.length > 0) {
    let least = 0
    for (const [i, { next }] of heads.entries()) if (next.seq < (heads[least]?.next.seq ?? 0)) least = i
    const head = heads[least]
    if (!head) break
    bytes += sizeOf(head.next.data)
    if (entries.length > 0 && (entries.length >= limit.entries || bytes > limit.bytes)) {
      return { entries, cut: true }
    }
    entries.push(head.next)
    const next = head.source()
    if (next) head.next = next
    else heads.splice(least, 1)
  }
  return { entries, cut: false }
}
