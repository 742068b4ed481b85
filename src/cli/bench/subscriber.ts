import type { Ending } from '../../client/transports/transport.ts'
import type { ServerMessage } from '../../protocol/messages.ts'
import { sequenceOf } from '../../protocol/position.ts'
import type { Connection, Dial, Target, Traffic } from './dial.ts'
import type { ToldGap } from './gaps.ts'
import type { Histogram } from './histogram.ts'
import { Receipts } from './receipts.ts'
import { microseconds, stampOf } from './stamp.ts'

/** What the subscribers of one transport on one thread have measured together. */
export interface Tally {
  readonly connect: Histogram
  /** From when a message was due to its arrival on a connection that was open by then. */
  readonly delivery: Histogram
  /** From a cut until the server serves the subscriber again. */
  readonly recovery: Histogram
  cut: number
  /** Connections that ended by themselves. */
  ended: number
  /** Messages that were due while their subscriber was away. */
  caughtUp: number
}

/** What every subscriber is given. */
export interface SubscriberOptions {
  readonly dial: Dial
  readonly target: Omit<Target, 'after'>
  readonly run: string
  /** Channels of the run: a channel's publishes are every so many of the run's. */
  readonly channels: number
  readonly tally: Tally
  readonly random: () => number
}

const firstPauseMs = 100
const longestPauseMs = 2_000

/** One client of the bare protocol: it resumes by position, and drops nothing that comes twice. */
export class Subscriber {
  readonly #options: SubscriberOptions
  readonly receipts = new Receipts()
  readonly gaps: ToldGap[] = []
  doubled = 0
  disordered = 0
  /** Why it came no more, when the server has sent it away for good. */
  refused: Ending | undefined
  #connection: Connection | undefined
  #live = false
  #stopped = false
  #position: string | undefined
  #last = 0
  #openedAt = 0
  #awaySince: number | undefined
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  /** Traffic of its first connection before the load began; undefined once that connection has gone. */
  #before: Traffic | undefined
  #traffic: Traffic = { received: 0, sent: 0, text: 0 }
  /** Messages that came on the connection whose traffic counts. */
  metered = 0

  constructor(options: SubscriberOptions) {
    this.#options = options
  }

  /** Whether the server serves it now. */
  get live(): boolean {
    return this.#live
  }

  /** The first connection; resolves when it is served, or with why it is not. */
  connect(): Promise<Ending | undefined> {
    return new Promise((resolve) => {
      const began = microseconds()
      this.#dial(
        () => {
          this.#options.tally.connect.add(microseconds() - began)
          resolve(undefined)
        },
        (ending) => {
          this.refused = ending
          resolve(ending)
        },
      )
    })
  }

  /** The load begins: from here on its first connection's bytes count. */
  begin(): void {
    this.#before = this.#connection?.meter.read()
  }

  /** Cuts its connection, when it has one that is served. */
  cut(): void {
    if (!this.#live) return
    this.#options.tally.cut++
    this.#meter()
    this.#connection?.cut()
    this.#away()
  }

  stop(): void {
    this.#stopped = true
    this.#live = false
    clearTimeout(this.#timer)
    this.#connection?.close()
  }

  /** Bytes of its first connection since the load began. */
  get traffic(): Traffic {
    if (this.#before) this.#traffic = difference(this.#connection?.meter.read(), this.#before)
    return this.#traffic
  }

  #dial(opened: () => void, failed: (ending: Ending) => void): void {
    const { dial, target } = this.#options
    let served = false
    this.#connection = dial(
      { ...target, after: this.#position },
      {
        opened: (position) => {
          served = true
          this.#live = true
          this.#failures = 0
          this.#openedAt = microseconds()
          this.#position = position ?? this.#position
          opened()
        },
        received: (message, position) => this.#received(message, position),
        ended: (ending) => {
          if (!served) return failed(ending)
          this.#options.tally.ended++
          this.#meter()
          if (ending.retry === 'never') this.#refuse(ending)
          else this.#away()
        },
      },
    )
  }

  /** Comes back: at once when it was served before, then ever slower. */
  #away(): void {
    this.#live = false
    this.#awaySince ??= microseconds()
    const most = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#failures)
    const pause = this.#failures === 0 ? 0 : most * (0.5 + this.#options.random() / 2)
    this.#timer = setTimeout(() => this.#comeBack(), pause)
  }

  #comeBack(): void {
    if (this.#stopped) return
    this.#dial(
      () => {
        this.#options.tally.recovery.add(microseconds() - (this.#awaySince ?? 0))
        this.#awaySince = undefined
      },
      (ending) => {
        this.#failures++
        if (ending.retry === 'never') this.#refuse(ending)
        else this.#away()
      },
    )
  }

  #refuse(ending: Ending): void {
    this.#live = false
    this.refused = ending
  }

  #meter(): void {
    this.#traffic = this.traffic
    this.#before = undefined
  }

  // Hot path: once per delivery.
  #received(message: ServerMessage, position: string | undefined): void {
    if (message.type === 'message') this.#message(message.id, message.data)
    else if (message.type === 'gap') {
      const { after, id, reason } = message
      this.gaps.push({ after, id, reason })
      // These begin a new order (PROTOCOL.md 2.8).
      if (reason === 'other-log' || reason === 'rolled-back') this.#last = 0
    }
    if (position !== undefined) this.#position = position
  }

  #message(id: string | undefined, data: unknown): void {
    const { run, channels, tally } = this.#options
    const stamp = stampOf(run, data)
    if (!stamp) return
    const sequence = sequenceOf(id ?? '')
    if (this.#before) this.metered++
    if (!this.receipts.add(Math.floor(stamp.n / channels))) {
      this.doubled++
      return
    }
    if (sequence <= this.#last) this.disordered++
    this.#last = Math.max(this.#last, sequence)
    if (stamp.at < this.#openedAt) tally.caughtUp++
    else tally.delivery.add(microseconds() - stamp.at)
  }
}

function difference(now: Traffic | undefined, before: Traffic): Traffic {
  const { received, sent, text } = now ?? before
  return { received: received - before.received, sent: sent - before.sent, text: text - before.text }
}
