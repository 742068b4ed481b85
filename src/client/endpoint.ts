/** The base URL of an endpoint: `/wire` on the page's origin, or a whole http(s) or ws(s) URL. Throws a TypeError. */
export function baseOf(endpoint: string): string {
  const page = typeof location === 'undefined' ? undefined : location.href
  let url: URL
  try {
    url = new URL(endpoint, page)
  } catch {
    throw new TypeError(`${JSON.stringify(endpoint)} is no URL; outside a page an endpoint is a whole one`)
  }
  return (url.origin + url.pathname).replace(/^ws/, 'http').replace(/\/+$/, '')
}
