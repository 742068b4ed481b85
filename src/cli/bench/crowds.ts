import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { CrowdData, CrowdNews, CrowdOrder, CrowdProgress, CrowdReport, Refused } from './crowd-wire.ts'
import { clientsOf, type Plan } from './plan.ts'

/** What one thread is trusted with; more threads than processors help nobody. */
const perThread = { clients: 2_500, deliveries: 20_000 } as const

/** The subscribers of a run, on as many threads as they need. */
export class Crowds {
  readonly #workers: readonly Worker[]
  readonly #progress: CrowdProgress[]
  readonly #connected: Promise<readonly Refused[]>
  #reported: ((report: CrowdReport) => void) | undefined
  readonly #failed = Promise.withResolvers<never>()

  constructor(plan: Plan) {
    const clients = clientsOf(plan).length
    const deliveries = (clients * plan.rate) / plan.channels.length
    const wanted = Math.ceil(Math.max(clients / perThread.clients, deliveries / perThread.deliveries))
    const threads = Math.min(wanted, availableParallelism(), clients)
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    this.#workers = Array.from(
      { length: threads },
      (_, index) =>
        new Worker(new URL(`./crowd.${extension}`, import.meta.url), {
          workerData: { plan, index, threads } satisfies CrowdData,
          execArgv: [],
          name: `everwire-bench-${index}`,
        }),
    )
    this.#progress = this.#workers.map(() => ({ live: 0, received: 0, cut: 0 }))
    // What fails in a thread fails whatever waits for it.
    this.#failed.promise.catch(() => undefined)
    this.#connected = Promise.all(this.#workers.map((worker, i) => this.#hear(worker, i))).then((all) =>
      all.flat(),
    )
  }

  get threads(): number {
    return this.#workers.length
  }

  /** Resolves when every subscriber is served or was refused, with those that were refused. */
  connected(): Promise<readonly Refused[]> {
    return Promise.race([this.#connected, this.#failed.promise])
  }

  /** As of the last tenth of a second. */
  get progress(): CrowdProgress {
    return this.#progress.reduce((sum, each) => ({
      live: sum.live + each.live,
      received: sum.received + each.received,
      cut: sum.cut + each.cut,
    }))
  }

  tell(order: Exclude<CrowdOrder, { readonly type: 'report' }>): void {
    for (const worker of this.#workers) worker.postMessage(order)
  }

  /** What they have seen of so many publishes of each channel. */
  async report(published: readonly number[]): Promise<readonly CrowdReport[]> {
    const reports: CrowdReport[] = []
    const all = new Promise<readonly CrowdReport[]>((resolve) => {
      this.#reported = (report) => {
        if (reports.push(report) === this.#workers.length) resolve(reports)
      }
    })
    for (const worker of this.#workers) worker.postMessage({ type: 'report', published } satisfies CrowdOrder)
    return Promise.race([all, this.#failed.promise])
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  #hear(worker: Worker, i: number): Promise<readonly Refused[]> {
    worker.on('error', (error) => this.#failed.reject(error))
    return new Promise((resolve) => {
      worker.on('message', (news: CrowdNews) => {
        if (news.type === 'connected') resolve(news.refused)
        else if (news.type === 'progress') this.#progress[i] = news
        else this.#reported?.(news)
      })
    })
  }
}
