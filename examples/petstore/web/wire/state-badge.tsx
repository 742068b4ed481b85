import { transportNames } from '../live/connection.ts'
import { state, transport } from '../live/status.ts'

const looks: Readonly<Record<string, string>> = {
  live: 'live',
  recovered: 'live',
  connecting: 'waiting',
  reconnecting: 'waiting',
  offline: 'down',
  denied: 'down',
  closed: 'down',
}

export function StateBadge() {
  const isUp = looks[state.value] === 'live'
  const by = isUp && transport.value ? ` · ${transportNames[transport.value]}` : ''
  return (
    <span
      class={`badge ${looks[state.value] ?? 'waiting'}`}
      role="status"
      data-state={state.value}
      data-transport={transport.value}
    >
      {state.value}
      {by}
    </span>
  )
}
