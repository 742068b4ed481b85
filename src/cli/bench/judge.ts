import type { CrowdReport } from './crowd-wire.ts'
import { covers } from './gaps.ts'
import type { Publisher } from './publisher.ts'

/** What has become of the messages that the server has acknowledged. */
export interface Judgement {
  /** Deliveries that are owed: each message to each subscriber of its channel. */
  readonly expected: number
  readonly delivered: number
  /** Not delivered to a subscriber that is served, and no word about it. */
  readonly lost: number
  /** Not delivered, and the subscriber was told by a gap. */
  readonly told: number
  /** Not delivered to subscribers that are not served at the end: nothing is known of these. */
  readonly away: number
  readonly doubled: number
  readonly disordered: number
  readonly gaps: number
}

/** Publishes of each channel, of the first so many of the run: channels take turns. */
export function perChannel(published: number, channels: number): readonly number[] {
  return Array.from({ length: channels }, (_, channel) => Math.ceil((published - channel) / channels))
}

/** Compares what the subscribers have got with what the server has acknowledged. */
export function judge(
  publisher: Pick<Publisher, 'idOf' | 'published' | 'disordered'>,
  channels: number,
  reports: readonly CrowdReport[],
): Judgement {
  const acknowledged = perChannel(publisher.published, channels).map((count, channel) =>
    runningSum(count, (n) => publisher.idOf(n * channels + channel) !== undefined),
  )
  const sum = { expected: 0, delivered: 0, lost: 0, told: 0, away: 0, doubled: 0, gaps: 0 }
  let { disordered } = publisher
  for (const subscriber of reports.flatMap(({ subscribers }) => subscribers)) {
    const { channel, gaps } = subscriber
    const sums = acknowledged[channel] ?? [0]
    const within = ([from, to]: readonly [number, number]) => (sums[to] ?? 0) - (sums[from] ?? 0)
    const missing = subscriber.missing.reduce((count, range) => count + within(range), 0)
    const told =
      gaps.length === 0
        ? 0
        : subscriber.missing.reduce((count, range) => {
            for (let n = range[0]; n < range[1]; n++) {
              const id = publisher.idOf(n * channels + channel)
              if (id !== undefined && gaps.some((gap) => covers(gap, id))) count++
            }
            return count
          }, 0)
    const expected = sums.at(-1) ?? 0
    sum.expected += expected
    sum.delivered += expected - missing
    sum.told += told
    sum[subscriber.live ? 'lost' : 'away'] += missing - told
    sum.doubled += subscriber.doubled
    sum.gaps += gaps.length
    disordered += subscriber.disordered
  }
  return { ...sum, disordered }
}

/** How many of the first 0, 1, 2 ... `count` are so. */
function runningSum(count: number, so: (n: number) => boolean): readonly number[] {
  const sums = [0]
  for (let n = 0; n < count; n++) sums.push((sums[n] ?? 0) + (so(n) ? 1 : 0))
  return sums
}
