import { effect, signal } from '@preact/signals'
import { transportNames, wire, type Transport } from './connection.ts'
import { broke, opened } from './incident.ts'
import { note } from './journal.ts'

/** What the connection says of itself, for the footer. */
export const state = signal('connecting')
export const transport = signal<Transport | undefined>(undefined)

const isLive = (each: string) => each === 'live' || each === 'recovered'

export function watchConnection(): () => void {
  return effect(() => {
    const current = wire.value
    const stops = [
      current.on('transport', (change) => {
        transport.value = change.transport
        note(`${transportNames[change.transport]} (${change.reason})`)
      }),
      current.on('state', (next) => {
        if (isLive(next) && !isLive(state.peek())) opened(transport.peek())
        if (!isLive(next) && isLive(state.peek())) broke('connection lost')
        state.value = next
      }),
    ]
    return () => stops.forEach((stop) => stop())
  })
}
