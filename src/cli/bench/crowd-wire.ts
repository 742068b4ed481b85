import type { ToldGap } from './gaps.ts'
import type { PlainHistogram } from './histogram.ts'
import type { Plan, Transport } from './plan.ts'

/** What a thread of subscribers is given. */
export interface CrowdData {
  readonly plan: Plan
  /** Which of how many threads. */
  readonly index: number
  readonly threads: number
}

/** What a thread is told. */
export type CrowdOrder =
  | { readonly type: 'begin' }
  /** No connection is cut any more. */
  | { readonly type: 'calm' }
  /** Asks for a report; `published`: how many messages each channel has been sent. May be asked again. */
  | { readonly type: 'report'; readonly published: readonly number[] }

/** What a thread says. */
export type CrowdNews =
  | { readonly type: 'connected'; readonly refused: readonly Refused[] }
  | ({ readonly type: 'progress' } & CrowdProgress)
  | ({ readonly type: 'report' } & CrowdReport)

export interface Refused {
  readonly transport: Transport
  /** One of PROTOCOL.md section 9, where the server said so. */
  readonly code: string | undefined
  readonly message: string
}

export interface CrowdProgress {
  readonly live: number
  /** Messages of the run that have come, each counted once per subscriber. */
  readonly received: number
  readonly cut: number
}

export interface CrowdReport {
  readonly tallies: Readonly<Record<Transport, PlainTally>>
  /** Those that were served at first. */
  readonly subscribers: readonly SubscriberReport[]
  /** The share of its time in which the thread was busy, and how late its timers were. */
  readonly busy: number
  readonly delayP99Ms: number
}

export interface PlainTally {
  readonly connect: PlainHistogram
  readonly delivery: PlainHistogram
  readonly recovery: PlainHistogram
  readonly cut: number
  readonly ended: number
  readonly caughtUp: number
  /** Of first connections, since the load began. */
  readonly bytes: { readonly received: number; readonly sent: number; readonly text: number }
  /** Messages that those bytes brought. */
  readonly metered: number
}

export interface SubscriberReport {
  /** Index of its channel. */
  readonly channel: number
  readonly received: number
  readonly doubled: number
  readonly disordered: number
  /** Numbers within the channel that have not come, as ranges [from, to). */
  readonly missing: readonly (readonly [from: number, to: number])[]
  readonly gaps: readonly ToldGap[]
  /** Whether it is served now; otherwise nothing can be said of what it misses. */
  readonly live: boolean
  readonly refused: Refused | undefined
}
