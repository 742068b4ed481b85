import { transportNames, type Transport } from './connection.ts'
import { note } from './journal.ts'
import { tally } from './tally.ts'

/** From something that broke the connection to the first fresh message after it. */
interface Incident {
  readonly what: string
  readonly at: number
  readonly lost: number
  readonly doubled: number
  readonly recovered: number
  back?: { readonly at: number; readonly by: Transport | undefined }
}

let incident: Incident | undefined
let liveSince = 0
/** The least that a message has taken to come, which is also how far the clocks are apart. */
let leastDelay = Infinity

/** Something breaks the connection now. A cause that is known is not replaced by its effect. */
export function broke(what: string): void {
  const { lost, doubled, recovered } = tally.now()
  incident ??= { what, at: Date.now(), lost, doubled, recovered }
}

export function opened(by: Transport | undefined): void {
  liveSince = Date.now()
  if (incident) incident.back = { at: liveSince, by }
}

/** A message of the ticker has come that was published at `time`: whether it was recovered. */
export function judged(time: number): boolean {
  const delay = Date.now() - time
  leastDelay = Math.min(leastDelay, delay)
  return time + leastDelay < liveSince
}

/** All that was missed has come, since a fresh message came after it. */
export function settle(): void {
  if (!incident?.back) return
  const { what, at, back } = incident
  const now = tally.now()
  const [lost, doubled] = [now.lost - incident.lost, now.doubled - incident.doubled]
  const recovered = now.recovered - incident.recovered
  const by = back.by ? ` → ${transportNames[back.by]}` : ''
  const seconds = ((back.at - at) / 1000).toFixed(1)
  const also = doubled > 0 ? `, ${doubled} doubled` : ''
  note(
    `${what}${by} in ${seconds} s, ${recovered} recovered, ${lost} lost${also}`,
    lost + doubled === 0 ? 'good' : 'bad',
  )
  incident = undefined
}
