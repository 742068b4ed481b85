/** What the page or the network told. */
export type PageEvent = 'online' | 'offline' | 'shown'

/** Tells of the page's life, where there is a page. Answers how to stop. */
export function watchPage(tell: (event: PageEvent) => void): () => void {
  if (typeof addEventListener !== 'function' || typeof document === 'undefined') return () => undefined
  const shown = () => {
    if (document.visibilityState === 'visible') tell('shown')
  }
  const online = () => tell('online')
  const offline = () => tell('offline')
  addEventListener('online', online)
  addEventListener('offline', offline)
  addEventListener('pageshow', shown)
  document.addEventListener('visibilitychange', shown)
  // A page that was frozen is told when it goes on.
  document.addEventListener('resume', shown)
  return () => {
    removeEventListener('online', online)
    removeEventListener('offline', offline)
    removeEventListener('pageshow', shown)
    document.removeEventListener('visibilitychange', shown)
    document.removeEventListener('resume', shown)
  }
}
