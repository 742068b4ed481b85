import type { TransportName } from '../../../src/client/transports/transport.ts'

/** What a run has come to, counted as it happens. */
export class Tally {
  published = 0
  acknowledged = 0
  /** Wrong publishes, refused as they must be. */
  refused = 0
  deliveries = 0
  signals = 0
  readonly gaps = new Map<string, number>()
  readonly faults = new Map<string, number>()
  readonly reconnects = new Map<TransportName, number>()
  /** Streams and subscriptions of bare clients that went on from a position, or were told that they cannot. */
  resumed = 0
  notResumed = 0
  /** How long bare clients and the SDK's were without a connection, in milliseconds. */
  readonly away = { wire: [] as number[], application: [] as number[] }
  /** Of the server, in bytes. */
  peakMemory = 0

  count(counts: Map<string, number>, name: string): void {
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }

  back(transport: TransportName, level: 'wire' | 'application', awayMs: number): void {
    this.count(this.reconnects, transport)
    this.away[level].push(awayMs)
  }
}

/** The value below which `share` of them lie. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
