import { signal } from '@preact/signals'
import { connect } from 'everwire/client'
import type { contract } from '../../contract.ts'

export const choices = ['auto', 'websocket', 'sse', 'poll'] as const
export type Choice = (typeof choices)[number]
export type Transport = Exclude<Choice, 'auto'>
export type Wire = ReturnType<typeof dial>

export const transportNames: Readonly<Record<Choice, string>> = {
  auto: 'Auto',
  websocket: 'WebSocket',
  sse: 'SSE',
  poll: 'Long-poll',
}

export const choice = signal<Choice>(remembered())

/** The page's one connection. A change of the picker replaces it, and whoever follows a channel moves along. */
export const wire = signal<Wire>(dial(choice.value))

export function choose(next: Choice): void {
  if (next === choice.value) return
  choice.value = next
  sessionStorage.setItem('transport', next)
  const before = wire.value
  wire.value = dial(next)
  before.close()
}

function dial(chosen: Choice) {
  return connect<typeof contract>('/wire', chosen === 'auto' ? {} : { transports: [chosen] })
}

function remembered(): Choice {
  const stored = sessionStorage.getItem('transport')
  return choices.find((each) => each === stored) ?? 'auto'
}
