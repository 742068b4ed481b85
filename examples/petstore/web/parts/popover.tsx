import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

interface PopoverProps {
  readonly label: string
  readonly buttonClass: string
  readonly button: ComponentChildren
  readonly children: (close: () => void) => ComponentChildren
  readonly onOpen?: () => void
}

/** A button with a panel that closes on Escape, on a click elsewhere and when the focus moves on. */
export function Popover({ label, buttonClass, button, children, onOpen }: PopoverProps) {
  const [isOpen, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const opener = useRef<HTMLButtonElement>(null)

  useEffect(() => {
    if (!isOpen) return undefined
    const leave = (event: Event) => {
      if (!(event.target instanceof Node) || !root.current?.contains(event.target)) setOpen(false)
    }
    const escape = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return
      setOpen(false)
      opener.current?.focus()
    }
    document.addEventListener('pointerdown', leave)
    document.addEventListener('focusin', leave)
    document.addEventListener('keydown', escape)
    return () => {
      document.removeEventListener('pointerdown', leave)
      document.removeEventListener('focusin', leave)
      document.removeEventListener('keydown', escape)
    }
  }, [isOpen])

  function toggle() {
    if (!isOpen) onOpen?.()
    setOpen(!isOpen)
  }

  return (
    <div class="pop" ref={root}>
      <button
        ref={opener}
        type="button"
        class={buttonClass}
        aria-label={label}
        aria-expanded={isOpen}
        onClick={toggle}
      >
        {button}
      </button>
      {isOpen && <div class="pop-panel">{children(() => setOpen(false))}</div>}
    </div>
  )
}
