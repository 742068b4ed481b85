import { setImmediate } from 'node:timers'
import { EverwireError } from '../../protocol/codes.ts'
import type { Appended, Entry, NewEntry, Rule, SpineAppend, SpineStep } from '../log.ts'
import { sizeOf } from '../merge.ts'
import { emptyAppends, pack, type PackedAppends, type Rest } from './packed.ts'
import { errorOf, type Remote } from './remote.ts'
import { RuleNumbers } from './rules.ts'
import type { Turn } from './turn.ts'
import { appendedStride, type PackedAnswers, type WriterRequest } from './wire.ts'

/** Bytes of messages that may wait for the disk; past it a publish is refused, and may be repeated. */
const maxWaitingBytes = 64 * 1024 * 1024
// What an entry costs on its way, besides its data.
const entryBytes = 200
/** So many are sent before the turn has ended: the writer begins with them. */
const partEntries = 64

/** An append that has not been answered. */
interface Waiting {
  readonly bytes: number
  readonly rules: readonly Rule[]
  readonly resolve: (appended: readonly Appended[]) => void
  readonly reject: (error: EverwireError) => void
}

/** Appends on their way to the writer, and what becomes of them. */
export class Publishes {
  readonly #writer: Remote<WriterRequest>
  readonly #rules: (channel: string) => Rule
  readonly #numbers: RuleNumbers
  readonly #turn: Turn
  #turning = false
  #waitingBytes = 0
  /** Of how many groups that failed those who publish have been told. */
  #heard = 0
  #refusing = false
  /** The appends of this turn. */
  #packed = emptyAppends()
  #waiting: Waiting[] = []
  /** What has been committed but not yet told. */
  #appends: SpineAppend[] = []
  #fulfil: (() => void)[] = []

  constructor(writer: Remote<WriterRequest>, rules: (channel: string) => Rule, turn: Turn) {
    this.#writer = writer
    this.#turn = turn
    this.#rules = rules
    this.#numbers = new RuleNumbers((number, rule) => this.#packed.rules.push([number, rule]))
  }

  /** Throws `overloaded`, and what refuses a channel its rule. */
  append(given: readonly NewEntry[], now: number): Promise<readonly Appended[]> {
    let bytes = 0
    for (const { data } of given) bytes += sizeOf(data) + entryBytes
    if (this.#refusing || (this.#waitingBytes > 0 && this.#waitingBytes + bytes > maxWaitingBytes)) {
      // A smaller one is not to overtake it before its publisher has heard (L12).
      if (!this.#refusing) setImmediate(() => (this.#refusing = false))
      this.#refusing = true
      throw new EverwireError(
        'overloaded',
        `${maxWaitingBytes} bytes of messages are waiting for the disk: publish more slowly, and this one again later`,
      )
    }
    const rules = given.map(({ channel }) => this.#rules(channel))
    const numbers = rules.map((rule) => this.#numbers.of(rule))
    this.#waitingBytes += bytes
    if (!this.#turning) setImmediate(() => this.#endTurn())
    this.#turning = true
    pack(this.#packed, now, given, numbers)
    const answer = new Promise<readonly Appended[]>((resolve, reject) => {
      this.#waiting.push({ bytes, rules, resolve, reject })
    })
    if (this.#packed.channel.length >= partEntries) {
      this.#turn.part(() => this.#send())
    }
    return answer
  }

  /** Takes what one group has committed: its step of the spine, if it has any, and who is to be answered then. */
  take(after: number): { readonly step: SpineStep | undefined; readonly fulfil: readonly (() => void)[] } {
    const appends = this.#appends
    const fulfil = this.#fulfil
    this.#appends = []
    this.#fulfil = []
    const last = appends.at(-1)
    return { step: last && { after, through: last.seq, appends }, fulfil }
  }

  #endTurn(): void {
    this.#turning = false
    this.#send()
    this.#turn.ended()
  }

  #send(): void {
    if (this.#waiting.length === 0) return
    const packed = this.#packed
    const waiting = this.#waiting
    this.#packed = emptyAppends()
    this.#waiting = []
    this.#writer.sendNow({ kind: 'appends', packed, heard: this.#heard }, (answer) => {
      for (const { bytes } of waiting) this.#waitingBytes -= bytes
      if ('error' in answer) this.#fulfil.push(() => waiting.forEach(({ reject }) => reject(answer.error)))
      // The writer answers appends with packed answers.
      else this.#committed(packed, waiting, answer.value as PackedAnswers)
    })
  }

  // Hot path: once per publish.
  #committed(packed: PackedAppends, waiting: readonly Waiting[], answers: PackedAnswers): void {
    const { numbers, refusals, failures } = answers
    // They are told in this turn: what is sent after it is sent by who has heard.
    if (failures > this.#heard) setImmediate(() => (this.#heard = Math.max(this.#heard, failures)))
    const refused = new Map(refusals)
    let at = 0
    let next = 0
    let number = 0
    for (const [i, { rules, resolve, reject }] of waiting.entries()) {
      const entries = packed.entries[i] ?? 0
      const refusal = refused.get(i)
      if (refusal) {
        at += entries
        this.#fulfil.push(() => reject(errorOf(refusal)))
        continue
      }
      const answer: Appended[] = []
      for (let j = 0; j < entries; j++, at++, number += appendedStride) {
        const seq = numbers[number] ?? 0
        const duplicate = numbers[number + 1] === 1
        const time = numbers[number + 2] ?? 0
        const previous = numbers[number + 3] ?? -1
        answer.push({ seq, duplicate, time })
        if (duplicate) continue
        while ((packed.restOf[next] ?? at) < at) next++
        const rest = packed.restOf[next] === at ? packed.rest[next] : undefined
        const entry = entryOf(packed, at, rules[j]?.keep === 'latest' ? (rest ?? {}) : undefined, {
          seq,
          time,
          previous,
        })
        this.#appends.push({ seq, channel: entry.channel, entry })
      }
      this.#fulfil.push(() => resolve(answer))
    }
  }
}

/** `rest`: of a channel that keeps the latest. */
function entryOf(
  { channel, event, data }: PackedAppends,
  at: number,
  rest: Partial<Rest> | undefined,
  { seq, time, previous }: { readonly seq: number; readonly time: number; readonly previous: number },
): Entry {
  return {
    seq,
    channel: channel[at] ?? '',
    event: event[at] ?? '',
    data: data[at] ?? '',
    time,
    previous: previous < 0 ? undefined : previous,
    slot: rest && (rest.slot ?? ''),
    removed: rest?.removed ?? false,
  }
}
