import type { CrowdReport, Refused } from './crowd-wire.ts'
import type { Judgement } from './judge.ts'
import type { Plan, Transport } from './plan.ts'
import type { Publisher } from './publisher.ts'
import type { Usage } from './server-process.ts'

/** Milliseconds. */
export interface Spread {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Bytes for each message that a subscriber got, by what its socket counted. */
export interface BytesPerMessage {
  readonly received: number
  /** Of those: the data as it was published, what the protocol puts around it, and what the wire's framing took. */
  readonly payload: number
  readonly envelope: number
  readonly framing: number
  /** What the client had to say for it. */
  readonly sent: number
}

export interface TransportResult {
  readonly clients: number
  readonly connectMs: Spread | null
  readonly deliveryMs: Spread | null
  readonly bytesPerMessage: BytesPerMessage | null
}

/** What the bench prints, and with --json as it is. */
export interface Result {
  readonly type: 'bench'
  readonly ok: boolean
  readonly interrupted: boolean
  readonly url: string
  readonly seed: number
  readonly clients: {
    readonly asked: number
    readonly connected: number
    /** Not served at the end. */
    readonly away: number
  }
  readonly messages: Judgement & {
    readonly asked: number
    readonly published: number
    readonly acknowledged: number
    readonly refused: number
    readonly unknown: number
    readonly acknowledgedMs: Spread | null
  }
  readonly transports: Readonly<Partial<Record<Transport, TransportResult>>>
  readonly reconnects: {
    readonly cut: number
    readonly ended: number
    readonly recoveredMs: Spread | null
    readonly recovered: number
    readonly caughtUp: number
  }
  readonly server: {
    readonly name: string
    readonly memoryBytes: { readonly before: number; readonly most: number }
    readonly cpuSeconds: number
    readonly cpuShare: number
  } | null
  readonly bench: {
    readonly threads: number
    /** Of its busiest thread's time. */
    readonly busy: number
    readonly delayP99Ms: number
    /** Of the time of all processors here, whoever used it. */
    readonly machineBusy: number
  }
  readonly warnings: readonly string[]
}

/** What a run has to go by. */
export interface Measured {
  readonly plan: Plan
  readonly publisher: Publisher
  readonly reports: readonly CrowdReport[]
  readonly refused: readonly Refused[]
  readonly interrupted: boolean
  /** From the first publish to the last delivery. */
  readonly seconds: number
  readonly server: { readonly name: string; readonly usages: readonly Usage[] } | undefined
  /** Of the thread that publishes. */
  readonly busy: number
  readonly delayP99Ms: number
  readonly machineBusy: number
}
