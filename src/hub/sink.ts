import type { ChannelCursor } from '../log/log.ts'
import type { Lineage } from '../log/lineage.ts'
import type { FramePage } from './pages.ts'
import type { Keep } from './start.ts'
import type { Topic } from './topic.ts'

/** What a reader needs of the hub. */
export interface Source {
  /** Every append up to here has reached the topics. */
  readonly through: number
  readonly lineage: Lineage
  keeps(channel: string): Keep
  release(topics: readonly Topic[]): void
}

/** Who writes to a sink. */
export interface Stepper {
  /** Writes what the sink has room for. */
  step(): Progress
}

/** Where the bytes of a reader go. Several readers may share one. */
export interface Sink {
  /** Bytes that it takes now; 0 or less: full. What is written all the same is taken, never dropped. */
  readonly room: number
  write(bytes: Uint8Array, kind: 'message' | 'gap' | 'snapshot' | 'position'): void
  /** The reader has something to do: its `step` is to be called when there is room. */
  ready(reader: Stepper): void
  /** Reads the log when there is room for a page, one page of this sink at a time, and hands it over. */
  read(cursors: readonly ChannelCursor[], taken: (page: FramePage) => void): void
}

/** The sink of a reader that is closed. */
export const nowhere: Sink = { room: 0, write() {}, ready() {}, read() {} }

/** What a step of a reader came to: nothing left for now; more, once the sink has room; waiting for the log. */
export type Progress = 'idle' | 'more' | 'reading'
