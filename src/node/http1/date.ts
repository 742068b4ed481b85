let text = ''
let until = 0

/** The time for `Date` (RFC 9110, 6.6.1), made once a second. */
export function dateNow(): string {
  const now = Date.now()
  if (now >= until || now < until - 1_000) {
    text = new Date(now).toUTCString()
    until = now - (now % 1_000) + 1_000
  }
  return text
}
