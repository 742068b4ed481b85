import { sequenceOf } from '../../protocol/position.ts'

/** A gap that a server told: what it covers is not lost in silence. */
export interface ToldGap {
  readonly after: string
  readonly id: string | undefined
  readonly reason: string
}

/** Whether a gap tells that the message with this id may not come. */
export function covers({ after, id: until, reason }: ToldGap, id: string): boolean {
  // Behind these, another part of the log begins, or another log (PROTOCOL.md 2.6).
  if (reason === 'other-log' || reason === 'rolled-back' || reason === 'tail-unproved')
    return until === undefined || epochOf(id) !== epochOf(until)
  const sequence = sequenceOf(id)
  // Without an id, another gap has followed at once.
  return !(sequence <= sequenceOf(after)) && (until === undefined || sequence <= sequenceOf(until))
}

/** The epoch of a message's id: which opening of the log has numbered it. */
export function epochOf(id: string): string {
  return /^(?:s\d+\.)?\d+-([0-9a-z]+)/.exec(id)?.[1] ?? ''
}
