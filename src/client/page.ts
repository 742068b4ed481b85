/** What the page or the network told. */
export type PageEvent = 'online' | 'offline' | 'shown'

/** Tells of the page's life, where there is a page. Answers how to stop. */
export function watchPage(tell: (event: PageEvent) => void): () => void {
  if (typeof document === 'undefined') return () => {}
  const gone = new AbortController()
  const options = { signal: gone.signal }
  const told = ({ type }: Event) => {
    if (type === 'online' || type === 'offline') tell(type)
    else if (document.visibilityState === 'visible') tell('shown')
  }
  for (const type of ['online', 'offline', 'pageshow']) addEventListener(type, told, options)
  // A page that was frozen is told by "resume" when it goes on.
  for (const type of ['visibilitychange', 'resume']) document.addEventListener(type, told, options)
  return () => gone.abort()
}
