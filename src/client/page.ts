/** What the page or the network told. `asleep`: what is open may be cut unseen, and keeps the page from being kept. */
export type PageEvent = 'online' | 'offline' | 'shown' | 'asleep'

/** What the events of a page mean; undefined: it may be shown. */
const means: Readonly<Record<string, PageEvent | undefined>> = {
  online: 'online',
  offline: 'offline',
  freeze: 'asleep',
  pagehide: 'asleep',
  resume: 'shown',
  pageshow: undefined,
  visibilitychange: undefined,
}

/** Tells of the page's life, where there is a page. Answers how to stop. */
export function watchPage(tell: (event: PageEvent) => void): () => void {
  if (typeof document === 'undefined') return () => {}
  const gone = new AbortController()
  // What happens to the document is heard by the window, on the way down.
  for (const [type, event] of Object.entries(means))
    addEventListener(
      type,
      () => {
        if (event) tell(event)
        else if (document.visibilityState === 'visible') tell('shown')
      },
      { signal: gone.signal, capture: true },
    )
  return () => gone.abort()
}
