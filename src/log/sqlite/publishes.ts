import { EverwireError } from '../../protocol/codes.ts'
import type { Appended, Data, Entry, NewEntry, Rule, SpineAppend, SpineStep } from '../log.ts'
import { sizeOf } from '../merge.ts'
import type { Remote } from './remote.ts'
import { RuleNumbers } from './rules.ts'
import { appendedStride, type AppendedNumbers, type WriterRequest } from './wire.ts'

/** Bytes of messages that may wait for the disk; past it a publish is refused, and may be repeated. */
const maxWaitingBytes = 64 * 1024 * 1024
// What an entry costs on its way, besides its data.
const entryBytes = 200

/** Appends on their way to the writer, and what becomes of them. */
export class Publishes {
  readonly #writer: Remote<WriterRequest>
  readonly #rules: (channel: string) => Rule
  readonly #numbers: RuleNumbers
  #waitingBytes = 0
  /** What has been committed but not yet told. */
  #appends: SpineAppend[] = []
  #fulfil: (() => void)[] = []

  constructor(writer: Remote<WriterRequest>, rules: (channel: string) => Rule) {
    this.#writer = writer
    this.#rules = rules
    this.#numbers = new RuleNumbers((number, rule) => writer.tell({ kind: 'rule', number, rule }))
  }

  append(given: readonly NewEntry[], now: number): Promise<readonly Appended[]> {
    const entries = given.map(plain)
    const rules = entries.map(({ channel }) => this.#rules(channel))
    const bytes = entries.reduce((sum, { data }) => sum + sizeOf(data) + entryBytes, 0)
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes > maxWaitingBytes) {
      throw new EverwireError(
        'overloaded',
        `${maxWaitingBytes} bytes of messages are waiting for the disk: publish more slowly, and this one again later`,
      )
    }
    this.#waitingBytes += bytes
    return new Promise((resolve, reject) => {
      this.#writer.send(
        { kind: 'append', now, entries, rules: rules.map((rule) => this.#numbers.of(rule)) },
        (answer) => {
          this.#waitingBytes -= bytes
          if ('error' in answer) {
            this.#fulfil.push(() => reject(answer.error))
            return
          }
          // The writer answers an append with numbers.
          const appended = this.#committed(entries, rules, answer.value as AppendedNumbers)
          this.#fulfil.push(() => resolve(appended))
        },
      )
    })
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

  // Hot path: once per publish.
  #committed(
    entries: readonly NewEntry[],
    rules: readonly Rule[],
    numbers: AppendedNumbers,
  ): readonly Appended[] {
    return entries.map((given, i) => {
      const at = i * appendedStride
      const seq = numbers[at] ?? 0
      const duplicate = numbers[at + 1] === 1
      const time = numbers[at + 2] ?? 0
      const previous = numbers[at + 3] ?? -1
      if (!duplicate) {
        const entry = entryOf(given, rules[i]?.keep === 'latest', seq, time, previous)
        this.#appends.push({ seq, channel: given.channel, entry })
      }
      return { seq, duplicate, time }
    })
  }
}

function entryOf(given: NewEntry, latest: boolean, seq: number, time: number, previous: number): Entry {
  return {
    seq,
    channel: given.channel,
    event: given.event,
    data: given.data,
    time,
    previous: previous < 0 ? undefined : previous,
    slot: latest ? (given.slot ?? '') : undefined,
    removed: latest && (given.removed ?? false),
  }
}

/** What can be sent to a worker: nothing but what the contract names, and no more bytes than are meant. */
function plain({ channel, event, data, slot, removed, key }: NewEntry): NewEntry {
  return {
    channel,
    event,
    data: plainData(data),
    ...(slot === undefined ? {} : { slot }),
    ...(removed === undefined ? {} : { removed }),
    ...(key === undefined ? {} : { key: { principal: key.principal, key: key.key } }),
  }
}

function plainData(data: Data): Data {
  // A view of a pooled buffer would take the whole pool along.
  return typeof data === 'string' || data.byteLength === data.buffer.byteLength ? data : new Uint8Array(data)
}
