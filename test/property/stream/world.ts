import { Hub } from '../../../src/hub/hub.ts'
import type { Keep } from '../../../src/hub/start.ts'
import type { Entry, Log, Rule, Watcher } from '../../../src/log/log.ts'
import { memoryLog } from '../../../src/log/memory.ts'
import { Scheduler, settled } from './scheduler.ts'

export const channels = ['all/1', 'all/2', 'bulk/1', 'latest/1', 'latest/2', 'none/1'] as const
export type ChannelName = (typeof channels)[number]

export function keeps(channel: string): Keep {
  if (channel.startsWith('latest')) return 'latest'
  return channel.startsWith('none') ? 'none' : 'all'
}

/** Small, so that retention bites in a short run. */
const rules = (channel: string): Rule => ({
  keep: keeps(channel) === 'latest' ? 'latest' : 'all',
  ageMs: channel.startsWith('latest') ? 1e12 : 1_000,
  count: channel.startsWith('latest') ? 1_000 : channel.startsWith('bulk') ? 40 : 8,
  bytes: 1e9,
  tombstoneMs: 300,
})

/** What was appended, and nothing else: the truth that clients are judged by. */
export interface Truth {
  readonly seq: number
  readonly channel: string
  readonly slot: string | undefined
  readonly removed: boolean
  readonly payload: string
}

/** How the next steps of the spine reach the hub. */
export interface SpineFaults {
  lose: number
  double: number
}

/** A log, a hub and the truth; time, wake-ups and reads are in the hands of the test. */
export class World {
  readonly scheduler = new Scheduler()
  readonly faults: SpineFaults = { lose: 0, double: 0 }
  now = 1_000_000
  truth: Truth[] = []
  reports: unknown[] = []
  generation = 0
  hub!: Hub
  #log!: Log
  #published = 0

  static async open(): Promise<World> {
    const world = new World()
    await world.restart()
    return world
  }

  /** Another log: everything is lost, as when a memory store ends with its process. */
  async restart(): Promise<void> {
    this.hub?.close()
    await this.#log?.close()
    this.generation++
    this.truth = []
    this.#log = memoryLog({ rules, sweepMs: 1e9, now: () => this.now })
    const around = {
      defer: (run: () => void) => void this.scheduler.put('flush', run),
      later: (_ms: number, run: () => void) => this.scheduler.put('timer', run),
      report: (error: unknown) => void this.reports.push(error),
    }
    // Small, so that memory does not reach back and pages are cut.
    const memory = { frames: 6, bytes: 1_500, total: 5_000 }
    this.hub = await Hub.open(this.#unreliable(this.#log), keeps, around, memory, { starts: 64, pages: 1 })
  }

  async publish(channel: string, slot: string, removed: boolean, key: string | undefined): Promise<void> {
    if (keeps(channel) === 'none') {
      const data = JSON.stringify(`signal ${++this.#published}`)
      const rest = { previous: undefined, slot: undefined, removed: false }
      this.hub.signal({ channel, event: 'message', data, time: this.now, ...rest })
      return
    }
    const latest = keeps(channel) === 'latest'
    // A repeat has to have the payload of the first.
    const payload = key === undefined ? this.#nextPayload() : `keyed ${key}`
    const [appended] = await this.hub.append([
      {
        channel,
        event: 'message',
        data: JSON.stringify(payload),
        ...(latest ? { slot, removed: removed && key === undefined } : {}),
        ...(key === undefined ? {} : { key: { principal: 'someone', key: key + slot } }),
      },
    ])
    if (!appended || appended.duplicate) return
    const isRemoved = latest && removed && key === undefined
    this.truth.push({
      seq: appended.seq,
      channel,
      slot: latest ? slot : undefined,
      removed: isRemoved,
      payload,
    })
    await settled()
  }

  // Now and then one that fills most of a page.
  #nextPayload(): string {
    const text = `message ${++this.#published}`
    return this.#published % 5 === 0 ? text.padEnd(1_500) : text
  }

  async sweep(): Promise<void> {
    await this.#log.sweep()
  }

  /** Sequences that the log still keeps of a channel. */
  async kept(channel: string): Promise<ReadonlySet<number>> {
    const entries: readonly Entry[] = await this.#log.history({ channel, limit: 10_000, order: 'forward' })
    return new Set(entries.map(({ seq }) => seq))
  }

  /** A log whose reads wait for the scheduler, and whose wake-ups come late, twice, out of order, or not at all. */
  #unreliable(log: Log): Log {
    return {
      get lineage() {
        return log.lineage
      },
      dedupeMs: log.dedupeMs,
      append: (entries) => log.append(entries),
      read: (cursors, limit) =>
        new Promise((resolve, reject) => {
          const small = { entries: Math.min(limit.entries, 4), bytes: limit.bytes }
          this.scheduler.put('read', () => void log.read(cursors, small).then(resolve, reject))
        }),
      history: (query) => log.history(query),
      head: () => log.head(),
      watch: (after, watcher) => this.#watch(log, after, watcher),
      sweep: () => log.sweep(),
      close: () => log.close(),
    }
  }

  #watch(log: Log, after: number, watcher: Watcher): () => void {
    let stopped = false
    const stop = log.watch(after, {
      lost: (error) => watcher.lost(error),
      step: (step) => {
        const deliver = () => {
          if (!stopped) watcher.step(step)
        }
        if (this.faults.lose > 0) {
          this.faults.lose--
          return
        }
        this.scheduler.put('step', deliver)
        if (this.faults.double > 0) {
          this.faults.double--
          this.scheduler.put('step', deliver)
        }
      },
    })
    return () => {
      stopped = true
      stop()
    }
  }
}
