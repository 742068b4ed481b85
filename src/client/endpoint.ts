/** The base URL of an endpoint: `/wire` on the page's origin, or a whole http(s) or ws(s) URL. Throws a TypeError. */
export function baseOf(endpoint: string): string {
  const url = new URL(endpoint, typeof location === 'undefined' ? undefined : location.href)
  return (url.origin + url.pathname).replace(/^ws/, 'http').replace(/\/+$/, '')
}
