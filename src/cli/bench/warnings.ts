import type { Refused } from './crowd-wire.ts'
import type { Publisher } from './publisher.ts'
import type { Measured, Result } from './measured.ts'

/** Above these, the bench may have measured itself. */
const most = { busy: 0.8, delayP99Ms: 25, machineBusy: 0.95, reasons: 5 } as const

/** What whoever reads the result has to know besides. */
export function warningsOf(
  { plan, publisher, reports, refused, interrupted }: Measured,
  bench: Result['bench'],
): string[] {
  const subscribers = reports.flatMap((report) => report.subscribers)
  const asked = plan.rate * plan.seconds
  return [
    ...refusals(refused, 'not served'),
    ...refusals(
      subscribers.flatMap((subscriber) => subscriber.refused ?? []),
      'sent away',
    ),
    ...unpublished(publisher),
    ...(publisher.published < asked && !interrupted
      ? [
          `Only ${publisher.published} of ${asked} publishes could be sent in time: the answers to those before them came too slowly.`,
        ]
      : []),
    ...slowness(bench),
  ]
}

/** Who was refused, and why; each reason once. */
function refusals(refused: readonly Refused[], what: string): string[] {
  const reasons = new Map<string, number>()
  for (const { transport, code, message } of refused) {
    const reason = `${transport}: ${message}${code === undefined ? '' : ` (${code})`}`
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }
  return [...reasons]
    .slice(0, most.reasons)
    .map(([reason, count]) => `${count} ${count === 1 ? 'client' : 'clients'} ${what}, over ${reason}`)
}

function unpublished({ refused, unknown, refusal }: Publisher): string[] {
  if (!refusal || refused + unknown === 0) return []
  const code = refusal.code === undefined ? '' : ` (${refusal.code})`
  return [`${refused + unknown} publishes refused or not answered; the last: ${refusal.message}${code}`]
}

function slowness(bench: Result['bench']): string[] {
  const signs = [
    ...(bench.busy > most.busy
      ? [`a thread of it was busy ${Math.round(bench.busy * 100)} % of the time`]
      : []),
    ...(bench.delayP99Ms > most.delayP99Ms
      ? [`its timers were late by ${Math.round(bench.delayP99Ms)} ms (p99)`]
      : []),
    ...(bench.machineBusy > most.machineBusy
      ? [`this machine's processors were ${Math.round(bench.machineBusy * 100)} % busy`]
      : []),
  ]
  if (signs.length > 0)
    return [
      `The times are not the server's alone, for this bench was short of time: ${signs.join(', ')}. Use fewer --clients, a lower --rate, or another machine.`,
    ]
  return []
}
