import { signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'

/** The path of the page that is shown. */
export const path = signal(location.pathname)

addEventListener('popstate', () => (path.value = location.pathname))

export function navigate(to: string): void {
  if (to === path.value) return
  history.pushState(null, '', to)
  path.value = to
  scrollTo(0, 0)
  // A screen reader hears of the new page, and the next Tab starts in it.
  document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true })
}

interface LinkProps {
  readonly to: string
  readonly class?: string
  readonly children: ComponentChildren
  readonly onFollow?: () => void
}

/** A link within the application; with a modifier key it is the browser's own. */
export function Link({ to, children, onFollow, ...rest }: LinkProps) {
  function follow(event: MouseEvent) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    navigate(to)
    onFollow?.()
  }
  const current = to === path.value ? { 'aria-current': 'page' as const } : {}
  return (
    <a href={to} onClick={follow} {...current} {...rest}>
      {children}
    </a>
  )
}
