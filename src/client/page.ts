/** What the page or the network told. `asleep`: what is open may be cut unseen, and keeps the page from being kept. */
export type PageEvent = 'online' | 'offline' | 'shown' | 'asleep'

/** Tells of the page's life, where there is a page. Answers how to stop. */
export function watchPage(tell: (event: PageEvent) => void): () => void {
  if (typeof document === 'undefined') return () => {}
  const gone = new AbortController()
  const told = ({ type }: Event) => {
    if (type === 'online' || type === 'offline') tell(type)
    else if (type === 'freeze' || type === 'pagehide') tell('asleep')
    else if (type === 'resume' || document.visibilityState === 'visible') tell('shown')
  }
  // What happens to the document is heard by the window, on the way down.
  for (const type of ['online', 'offline', 'pagehide', 'pageshow', 'freeze', 'resume', 'visibilitychange'])
    addEventListener(type, told, { signal: gone.signal, capture: true })
  return () => gone.abort()
}
