import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { watchConnection } from '../live/status.ts'
import { Icon } from '../parts/icons.tsx'
import { BreakIt } from './break-it.tsx'
import { Counters } from './counters.tsx'
import { Journal } from './journal.tsx'
import { Picker } from './picker.tsx'
import { StateBadge } from './state-badge.tsx'

const isOpen = signal(sessionStorage.getItem('wire-open') === 'yes')

function toggle() {
  isOpen.value = !isOpen.value
  sessionStorage.setItem('wire-open', isOpen.value ? 'yes' : 'no')
}

/** What carries this page's messages, and how to break it. */
export function Footer() {
  useEffect(watchConnection, [])
  return (
    <footer class="wire" aria-label="The wire">
      <div class="wire-line">
        <div class="wire-name">
          <Icon name="wire" />
          <span>The wire</span>
        </div>
        <StateBadge />
        <Picker name="transport" />
        <Counters />
        <button
          type="button"
          class="wire-toggle"
          aria-expanded={isOpen.value}
          aria-controls="wire-body"
          aria-label={isOpen.value ? 'Close the wire panel' : 'Break it'}
          onClick={toggle}
        >
          <span>{isOpen.value ? 'Close' : 'Break it'}</span>
          <Icon name="chevron" size={18} />
        </button>
      </div>
      {isOpen.value && (
        <div class="wire-body" id="wire-body">
          <section>
            <div class="only-phone">
              <h2>Transport</h2>
              <Picker name="transport-phone" />
            </div>
            <h2>Break it</h2>
            <BreakIt />
          </section>
          <section>
            <h2>What this page counts</h2>
            <Counters isFull />
            <p>
              The server publishes a number each second. This page checks the numbers itself, and on every
              other channel that each message names the one before it. Only gaps are counted as they are told.
            </p>
          </section>
          <section>
            <h2>What happened</h2>
            <Journal />
          </section>
        </div>
      )}
    </footer>
  )
}
