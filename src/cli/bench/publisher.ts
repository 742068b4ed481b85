import { setTimeout as pause } from 'node:timers/promises'
import { broken, statusEnding } from '../../client/endings.ts'
import type { Ending } from '../../client/transports/transport.ts'
import { isRecord } from '../../protocol/json.ts'
import { sequenceOf } from '../../protocol/position.ts'
import { epochOf } from './gaps.ts'
import { Histogram } from './histogram.ts'
import { agentFor, ask, bodyOf } from './http.ts'
import type { Plan } from './plan.ts'
import { microseconds, stamped } from './stamp.ts'

/** Publishes under way at once. */
const lanes = 64
const answerMs = 10_000
/** How long a publish without an answer is tried again, with the same key. */
const patienceMs = 30_000
const againMs = 250
/** How long what is late may still be sent when the time is up. */
const graceMs = 5_000

interface Place {
  readonly epoch: string
  readonly sequence: number
}

/** Publishes messages with keys over HTTP, at a steady pace; what has no answer is tried again. */
export class Publisher {
  readonly #plan: Plan
  readonly #headers: Readonly<Record<string, string>>
  readonly #agent
  /** From when a publish was due to its acknowledgement. */
  readonly answered = new Histogram()
  /** How many were sent: numbers 0 to this, in their order. */
  published = 0
  acknowledged = 0
  /** Tried until patience was over, and never answered: they may have been published. */
  unknown = 0
  refused = 0
  /** Why the last of them was refused. */
  refusal: Ending | undefined
  /** Behind one in the log that was sent only after their acknowledgement. */
  disordered = 0
  #due: { readonly n: number; readonly at: number }[] = []
  #underWay = 0
  #ids: (string | undefined)[] = []
  /** The last place in the log that was acknowledged. */
  #highest: Place = { epoch: '', sequence: 0 }
  #over = Promise.withResolvers<void>()

  constructor(plan: Plan) {
    this.#plan = plan
    this.#headers = plan.token === undefined ? {} : { authorization: `Bearer ${plan.token}` }
    this.#agent = agentFor(plan.base, lanes)
  }

  /** The id that the server has given to a publish; undefined: it has not acknowledged it. */
  idOf(n: number): string | undefined {
    return this.#ids[n]
  }

  /** One publish that is no part of the load: whether and how the server takes it. */
  async tryOut(channel: string): Promise<{ readonly id: string | undefined } | Ending> {
    const body = JSON.stringify({
      channel,
      event: 'bench',
      data: 'begins',
      key: `${this.#plan.run}-${channel}`,
    })
    return this.#post(body, AbortSignal.timeout(answerMs))
  }

  /** Publishes until the plan's seconds are over or it is stopped; resolves when nothing is under way any more. */
  async run(stopped: AbortSignal): Promise<void> {
    const { rate, seconds } = this.#plan
    const began = microseconds()
    const all = rate * seconds
    for (let next = 0; next < all && !stopped.aborted;) {
      const now = microseconds()
      const due = Math.min(all, Math.floor(((now - began) * rate) / 1e6) + 1)
      for (; next < due; next++) this.#due.push({ n: next, at: now })
      this.#send(stopped)
      const waitMs = (began + (next * 1e6) / rate - microseconds()) / 1e3
      await pause(Math.max(1, waitMs), undefined, { signal: stopped }).catch(() => undefined)
    }
    await this.#sent(stopped)
    this.#agent.destroy()
  }

  /** Resolves when nothing is under way; what is due and cannot be sent soon stays unsent: a load has an end. */
  async #sent(stopped: AbortSignal): Promise<void> {
    const forget = () => {
      this.#due = []
    }
    if (stopped.aborted) forget()
    stopped.addEventListener('abort', forget)
    const timer = setTimeout(forget, graceMs)
    if (this.#underWay > 0) await this.#over.promise
    clearTimeout(timer)
    stopped.removeEventListener('abort', forget)
  }

  #send(stopped: AbortSignal): void {
    while (this.#underWay < lanes) {
      const next = this.#due.shift()
      if (!next) return
      this.#underWay++
      this.published = next.n + 1
      void this.#publish(next, stopped).then(() => {
        this.#underWay--
        this.#send(stopped)
        if (this.#underWay === 0) this.#ended()
      })
    }
  }

  #ended(): void {
    this.#over.resolve()
    this.#over = Promise.withResolvers()
  }

  /** Never rejects. */
  async #publish(due: { readonly n: number; readonly at: number }, stopped: AbortSignal): Promise<void> {
    const { run, channels, size } = this.#plan
    const body = JSON.stringify({
      channel: channels[due.n % channels.length],
      event: 'bench',
      data: stamped(run, due, size),
      key: `${run}-${due.n}`,
    })
    const before = this.#highest
    const until = microseconds() + patienceMs * 1e3
    for (;;) {
      const answer = await this.#post(body, AbortSignal.timeout(answerMs))
      if (!('retry' in answer)) return this.#acknowledge(due, answer.id, before)
      if (answer.retry === 'never') {
        this.refused++
        this.refusal = answer
        return
      }
      if (stopped.aborted || microseconds() > until) {
        this.unknown++
        this.refusal = answer
        return
      }
      await pause(Math.max(againMs, Math.min(answer.retryMs ?? 0, 2_000)))
    }
  }

  #acknowledge(due: { readonly n: number; readonly at: number }, id = '', before: Place): void {
    const place = { epoch: epochOf(id), sequence: sequenceOf(id) }
    this.#ids[due.n] = id
    this.acknowledged++
    this.answered.add(microseconds() - due.at)
    // Another epoch may be another log.
    if (place.epoch === before.epoch && place.sequence <= before.sequence) this.disordered++
    if (place.epoch !== this.#highest.epoch || place.sequence > this.#highest.sequence) this.#highest = place
  }

  async #post(body: string, signal: AbortSignal): Promise<{ readonly id: string | undefined } | Ending> {
    try {
      const to = { base: this.#plan.base, headers: this.#headers }
      const answer = await ask(to, '/publish', { agent: this.#agent, signal, body })
      const value = await bodyOf(answer)
      if (answer.statusCode === 200 && isRecord(value)) {
        const { id } = value
        return { id: typeof id === 'string' ? id : undefined }
      }
      const { statusCode = 0, headers } = answer
      const ending = statusEnding(statusCode, value, 1_000 * Number(headers['retry-after'] ?? 0))
      if (isRecord(value) && value['error'] !== undefined) return ending
      // Something else than Everwire speaks: no code is its own.
      const { retry, told, message } = ending
      return { retry, told, message }
    } catch (error) {
      return broken(error)
    }
  }
}
