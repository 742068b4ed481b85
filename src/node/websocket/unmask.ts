/** Undoes the masking of a frame's body from `from` to `to`, in its place; the mask stands before it (RFC 6455, 5.3). */
export function unmask(bytes: Uint8Array, from: number, to: number): void {
  const a = bytes[from - 4] ?? 0
  const b = bytes[from - 3] ?? 0
  const c = bytes[from - 2] ?? 0
  const d = bytes[from - 1] ?? 0
  let at = from
  for (; at + 3 < to; at += 4) {
    bytes[at] = (bytes[at] ?? 0) ^ a
    bytes[at + 1] = (bytes[at + 1] ?? 0) ^ b
    bytes[at + 2] = (bytes[at + 2] ?? 0) ^ c
    bytes[at + 3] = (bytes[at + 3] ?? 0) ^ d
  }
  if (at < to) bytes[at] = (bytes[at] ?? 0) ^ a
  if (at + 1 < to) bytes[at + 1] = (bytes[at + 1] ?? 0) ^ b
  if (at + 2 < to) bytes[at + 2] = (bytes[at + 2] ?? 0) ^ c
}
