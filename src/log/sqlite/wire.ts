import type { ErrorCode } from '../../protocol/codes.ts'
import type { Epoch } from '../lineage.ts'
import type { ChannelCursor, Entry, HistoryQuery, Page, ReadLimit, Rule } from '../log.ts'
import type { PackedAppends } from './packed.ts'

/** How a worker is started. */
export interface WriterData {
  readonly file: string
  readonly sync: 'always' | 'interval'
  readonly syncMs: number
  readonly dedupeMs: number
  readonly maxBytes: number
  /** Shared with the main thread (turn.ts). */
  readonly turn: SharedArrayBuffer
}

export interface ReaderData {
  readonly file: string
}

/** What a worker answers when it is ready. */
export interface WriterReady {
  readonly epochs: readonly Epoch[]
  readonly head: number
  /** Why the tail before this opening is not proved. */
  readonly unproved: string | undefined
}

export interface Refusal {
  readonly code: ErrorCode
  readonly message: string
}

/** The appends of one turn, in order. */
export interface AppendsRequest {
  readonly kind: 'appends'
  readonly packed: PackedAppends
  /** Of how many groups that failed the publishers had been told when they sent this. */
  readonly heard: number
}

/** A channel of which something may be too old. */
export interface Aged {
  readonly channel: string
  readonly rule: Rule
}

export type WriterRequest =
  | AppendsRequest
  /** One slice of retention by age; answers how many of the channels, from the first on, are done with. */
  | { readonly kind: 'expire'; readonly now: number; readonly channels: readonly Aged[] }
  /** One slice of the keys that are older than the window; answers whether there may be more. */
  | { readonly kind: 'forget'; readonly now: number }
  | { readonly kind: 'close' }

/** For each entry of an append: sequence, 1 for a duplicate, time, previous (-1: not known). */
export type AppendedNumbers = readonly number[]
export const appendedStride = 4

/** The numbers of several appends, in order and without those that were refused, and the refusals of the others by their place. */
export interface PackedAnswers {
  readonly numbers: Float64Array
  readonly refusals: readonly (readonly [number, Refusal])[]
  /** So many groups have failed by now. */
  readonly failures: number
}

export type ReaderRequest =
  | { readonly kind: 'open' }
  | { readonly kind: 'read'; readonly cursors: readonly ChannelCursor[]; readonly limit: ReadLimit }
  | { readonly kind: 'history'; readonly query: HistoryQuery }
  | { readonly kind: 'spine'; readonly after: number }
  | { readonly kind: 'ages'; readonly afterChannel: number }
  | { readonly kind: 'close' }

export type CheckpointerRequest = { readonly kind: 'checkpoint' } | { readonly kind: 'close' }

/** The journal after a checkpoint: its pages, and those that had to stay because somebody reads an older state. */
export interface Journal {
  readonly frames: number
  readonly left: number
}

/** `doubt`: the disk failed, and what it has of the file is not known. */
export type Checkpointed = Journal | { readonly doubt: string }

export interface SpinePage {
  readonly through: number
  readonly appends: readonly {
    readonly seq: number
    readonly channel: string
    readonly entry: Entry | undefined
  }[]
  /** Whether it reaches the snapshot's head. */
  readonly complete: boolean
}

/** Some channels with the times of their oldest value and removal; `next` continues, undefined ends. */
export interface AgesPage {
  readonly channels: readonly {
    readonly channel: string
    readonly value: number | undefined
    readonly tombstone: number | undefined
  }[]
  readonly next: number | undefined
}

/** What each request is answered with. */
export interface Answers {
  appends: PackedAnswers
  expire: number
  forget: boolean
  open: undefined
  close: undefined
  read: Page
  history: readonly Entry[]
  spine: SpinePage
  ages: AgesPage
  checkpoint: Checkpointed
}

export interface Asked<Request> {
  readonly id: number
  readonly request: Request
}

export type Answered =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly refusal: Refusal }

/** A worker's first message: ready, or why not. */
export type Started = { readonly ready: unknown } | { readonly refusal: Refusal }
