import type { ErrorCode } from '../protocol/codes.ts'

/** What has happened in a server since it started, and what is there now. */
export interface Stats {
  /** Live connections: WebSockets, event streams and held polls. */
  readonly connections: number
  /** Channels that have a subscriber here. */
  readonly channels: number
  /** Refusals by their code. */
  readonly refused: Readonly<Partial<Record<ErrorCode, number>>>
}

/** Counts refusals. */
export class Refusals {
  readonly #counts = new Map<ErrorCode, number>()

  count(code: ErrorCode): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1)
  }

  get counts(): Stats['refused'] {
    return Object.fromEntries(this.#counts)
  }
}
