import { setImmediate } from 'node:timers'
import { Worker } from 'node:worker_threads'
import { EverwireError } from '../../protocol/codes.ts'
import type { Answered, Answers, Asked, Refusal, Started } from './wire.ts'

type Settle = (answer: { readonly value: unknown } | { readonly error: EverwireError }) => void

/**
 * The main thread's end of a worker. Requests of one turn leave in one message and answers come as the worker
 * groups them; the process is kept alive only while something is being waited for.
 */
export class Remote<Request extends { readonly kind: keyof Answers }> {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Settle>()
  readonly #answered: () => void
  #outbox: Asked<Request>[] = []
  #next = 1
  #gone: EverwireError | undefined

  private constructor(worker: Worker, answered: () => void) {
    this.#worker = worker
    this.#answered = answered
  }

  /** Starts the worker; `answered` runs after each message of answers, when all of them have been settled. */
  static async start<Request extends { readonly kind: keyof Answers }, Ready>(
    name: 'writer' | 'reader' | 'checkpointer',
    workerData: unknown,
    answered: () => void = () => {},
  ): Promise<{ readonly remote: Remote<Request>; readonly ready: Ready }> {
    // From the sources as from dist.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const worker = new Worker(new URL(`./${name}.${extension}`, import.meta.url), {
      workerData,
      execArgv: [],
      name: `everwire-${name}`,
    })
    const remote = new Remote<Request>(worker, answered)
    const started = await new Promise<Started>((resolve, reject) => {
      worker.once('message', (first: Started) => {
        worker.on('message', (answers: readonly Answered[]) => remote.#settle(answers))
        resolve(first)
      })
      worker.on('error', (error) => {
        reject(error)
        remote.#end(`the ${name} of the log failed (${String(error)})`, error)
      })
      worker.on('exit', () => {
        reject(new Error(`the ${name} ended before it had started`))
        remote.#end(`the ${name} of the log has ended`)
      })
    })
    if ('refusal' in started) throw errorOf(started.refusal)
    worker.unref()
    // Each worker says what its kind says when it is ready.
    return { remote, ready: started.ready as Ready }
  }

  ask<Kind extends Request['kind']>(request: Extract<Request, { kind: Kind }>): Promise<Answers[Kind]> {
    return new Promise((resolve, reject) => {
      this.send(request, (answer) => {
        // The worker answers each kind of request with its own kind of value.
        if ('value' in answer) resolve(answer.value as Answers[Kind])
        else reject(answer.error)
      })
    })
  }

  /** Like `ask`, settled before `answered` is called. */
  send(request: Request, settle: Settle): void {
    if (this.#gone) {
      settle({ error: this.#gone })
      this.#answered()
      return
    }
    const id = this.#next++
    if (this.#waiting.size === 0) this.#worker.ref()
    this.#waiting.set(id, settle)
    this.#post({ id, request })
  }

  /** Like `send`, at once and with what else is to be sent. */
  sendNow(request: Request, settle: Settle): void {
    this.send(request, settle)
    this.#flush()
  }

  #post(asked: Asked<Request>): void {
    if (this.#outbox.length === 0) setImmediate(() => this.#flush())
    this.#outbox.push(asked)
  }

  #flush(): void {
    const outbox = this.#outbox
    this.#outbox = []
    if (outbox.length > 0 && !this.#gone) this.#worker.postMessage(outbox)
  }

  #settle(answers: readonly Answered[]): void {
    for (const answer of answers) {
      const settle = this.#waiting.get(answer.id)
      this.#waiting.delete(answer.id)
      if ('refusal' in answer) settle?.({ error: errorOf(answer.refusal) })
      else settle?.({ value: answer.value })
    }
    if (this.#waiting.size === 0) this.#worker.unref()
    this.#answered()
  }

  #end(reason: string, cause?: unknown): void {
    this.#gone ??= new EverwireError('store-unavailable', `${reason}: open the log again`, { cause })
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const settle of waiting) settle({ error: this.#gone })
    this.#answered()
  }
}

export function errorOf({ code, message }: Refusal): EverwireError {
  return new EverwireError(code, message)
}
