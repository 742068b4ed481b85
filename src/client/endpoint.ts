/**
 * The base URLs of endpoints: `/wire` on the page's origin, or whole http(s) or ws(s) URLs. Throws a TypeError for what
 * is none, and where there is none.
 */
export function basesOf(endpoint: string | readonly string[]): string[] {
  const endpoints = [endpoint].flat()
  if (endpoints.length === 0) throw new TypeError('connect() needs an endpoint')
  return endpoints.map((each) => {
    const url = new URL(each, typeof location === 'undefined' ? undefined : location.href)
    return (url.origin + url.pathname).replace(/^ws/, 'http').replace(/\/+$/, '')
  })
}
