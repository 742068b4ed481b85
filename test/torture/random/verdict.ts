import type { Level } from './history.ts'

/** Everything that may be wrong with a history, each by one name. */
export const violations = [
  'gap', // a message was passed over, and the next one delivered
  'duplicate', // a message came twice
  'reorder', // a message came behind a later one
  'disagreement', // one position, two messages
  'twice in the log', // a publish with a key took effect twice
  'lost although acknowledged',
  'phantom', // a message that nobody published, or elsewhere
  'corrupt', // a message that is not what was published
  'silent reset', // another log, and nobody was told
  'stall', // something is still missing long after all faults
  'lie', // a position states what was never delivered
  'false loss', // a gap over what was not missing, or is kept
  'skip', // the id of a message of one channel passes over those of another
  'id that goes back',
  'ghost slot', // a slot holds what was replaced or removed
  'foreign dedupe', // a publish was answered as if it were another
  'moving signal', // a signal has an id
  'wrong refusal', // a right request was refused, or a wrong one was not
  'presence', // who is there is not who is seen
  'crash', // the server ended by itself
] as const

export type Violation = (typeof violations)[number]
export type Place = Level | 'log'

/** At most so many are written down of each kind; all are counted. */
const examples = 8

export class Verdict {
  readonly counts = new Map<Violation, Map<Place, number>>()
  readonly examples: string[] = []
  total = 0

  add(violation: Violation, place: Place, what: string): void {
    const counts = this.counts.get(violation) ?? new Map<Place, number>()
    this.counts.set(violation, counts)
    const known = [...counts.values()].reduce((sum, each) => sum + each, 0)
    counts.set(place, (counts.get(place) ?? 0) + 1)
    this.total++
    if (known < examples) this.examples.push(`${violation} (${place}): ${what}`)
  }
}
