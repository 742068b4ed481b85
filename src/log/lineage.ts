import { randomInt } from 'node:crypto'
import type { GapReason } from '../protocol/messages.ts'
import { positionText } from '../protocol/position.ts'

/** One opening of a log for writing. */
export interface Epoch {
  /** Random, at least 48 bits, `[0-9a-z]`. */
  readonly name: string
  /** The first sequence that this epoch could give. */
  readonly first: number
  /** Whether everything that earlier epochs acknowledged is known to be still there. */
  readonly proved: boolean
}

/** A fresh epoch's name: 12 characters of base 36, 62 bits. */
export function epochName(): string {
  return Array.from({ length: 12 }, () => randomInt(36).toString(36)).join('')
}

/** The epochs of one log, oldest first (DESIGN.md section 2, "Epochs are a lineage"). Immutable. */
export class Lineage {
  readonly #epochs: readonly Epoch[]
  readonly current: Epoch

  constructor(epochs: readonly Epoch[]) {
    const current = epochs.at(-1)
    if (!current) throw new Error('a lineage has at least one epoch')
    this.#epochs = epochs
    this.current = current
  }

  get epochs(): readonly Epoch[] {
    return this.#epochs
  }

  /** The same lineage with one more epoch. */
  with(epoch: Epoch): Lineage {
    return new Lineage([...this.#epochs, epoch])
  }

  /** The epoch that gave `seq`. */
  epochOf(seq: number): Epoch {
    // Hot path: nearly always the current one.
    if (seq >= this.current.first) return this.current
    return this.#epochs.findLast((epoch) => epoch.first <= seq) ?? this.#epochs[0] ?? this.current
  }

  /** The id of the entry with this sequence. It never changes, whatever epochs follow. */
  idOf(seq: number): string {
    return positionText(seq, this.epochOf(seq).name)
  }

  /** The text of a position that a reader has reached in this epoch, be there an entry or not. */
  positionAt(seq: number): string {
    return positionText(seq, this.current.name)
  }

  /** The last sequence of an epoch that has ended; undefined for the current one and for unknown ones. */
  endOf(epoch: string): number | undefined {
    const next = this.#epochs[this.#epochs.findIndex(({ name }) => name === epoch) + 1]
    return next && next !== this.#epochs[0] ? next.first - 1 : undefined
  }

  /**
   * Whether a reader at (seq, epoch) can go on from there without having missed or seen what is not in this
   * log; otherwise why not. `head` is the log's greatest sequence.
   */
  judge(
    seq: number,
    epoch: string,
    head: number,
  ): Exclude<GapReason, 'expired' | 'snapshot' | 'rights'> | undefined {
    const index = this.#epochs.findIndex(({ name }) => name === epoch)
    if (index < 0) return 'other-log'
    const next = this.#epochs[index + 1]
    if (seq > (next ? next.first - 1 : head)) return 'rolled-back'
    return this.#epochs.slice(index + 1).every(({ proved }) => proved) ? undefined : 'tail-unproved'
  }
}
