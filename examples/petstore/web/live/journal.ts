import { signal } from '@preact/signals'

export interface Entry {
  readonly at: number
  readonly text: string
  readonly tone?: 'good' | 'bad'
}

const kept = 40

/** What happened to the connection, newest first. */
export const journal = signal<readonly Entry[]>([])

export function note(text: string, tone?: Entry['tone']): void {
  const entry = { at: Date.now(), text, ...(tone && { tone }) }
  journal.value = [entry, ...journal.value].slice(0, kept)
}
