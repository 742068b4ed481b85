import { useEffect, useRef } from 'preact/hooks'
import type { PetStatus } from '../../domain.ts'

/** Pulses when the status changes under the reader's eyes. */
export function StatusBadge({ status }: { readonly status: PetStatus }) {
  const badge = useRef<HTMLSpanElement>(null)
  const shown = useRef(status)
  useEffect(() => {
    if (shown.current === status) return
    shown.current = status
    badge.current?.classList.remove('changed')
    requestAnimationFrame(() => badge.current?.classList.add('changed'))
  }, [status])
  return (
    <span ref={badge} class={`badge ${status.toLowerCase()}`}>
      {status === 'AVAILABLE' ? 'Available' : 'Adopted'}
    </span>
  )
}
