import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parsePosition } from '../../../src/protocol/position.ts'
import type { Epoch } from './truth.ts'
import type { Tally } from './tally.ts'

export interface VictimOptions {
  /** Where it may write: its SQLite file, its errors. */
  readonly folder: string
  /** A file keeps everything through kills; memory ends with its process. */
  readonly store: string | undefined
  readonly fakeTime: string | undefined
  readonly tally: Tally
}

const script = fileURLToPath(new URL('server.ts', import.meta.url))

/** The server as a process that can be killed and comes back elsewhere. */
export class Victim {
  readonly epochs = new Map<string, Epoch>()
  /** It has ended by itself. */
  crashed = false
  port = 0
  readonly #options: VictimOptions
  readonly #clock: string
  readonly #errors: string
  #child: ChildProcess | undefined
  #expected = false
  #doubted = false

  constructor(options: VictimOptions) {
    this.#options = options
    this.#clock = join(options.folder, 'clock')
    this.#errors = join(options.folder, 'stderr')
    this.setClock(0)
  }

  async start(): Promise<void> {
    const { store, fakeTime } = this.#options
    const faked = {
      LD_PRELOAD: fakeTime,
      FAKETIME_TIMESTAMP_FILE: this.#clock,
      FAKETIME_CACHE_DURATION: '1',
      // Only the clock of the day is set, as on a real machine.
      DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    }
    const errors = openSync(this.#errors, 'a')
    const child = spawn(process.execPath, [script, ...(store === undefined ? [] : [store])], {
      stdio: ['ignore', 'pipe', errors],
      // A group of its own: what is typed at a terminal is not meant for it.
      detached: true,
      env: { ...process.env, ...(fakeTime === undefined ? {} : faked) },
    })
    closeSync(errors)
    this.#child = child
    this.#expected = false
    const { stdout } = child
    if (!stdout) throw new Error('a server that is spawned with a pipe has one')
    const ended = once(child, 'exit').then(() => {
      if (!this.#expected) this.crashed = true
      throw new Error(`the server has ended: ${this.errors}`)
    })
    ended.catch(() => {})
    const [line] = (await Promise.race([once(createInterface({ input: stdout }), 'line'), ended])) as [string]
    this.port = Number(line)
    this.#born(parsePosition(await this.position()).epoch)
  }

  #born(epoch: string): void {
    const order = this.epochs.size
    const log = this.#options.store === undefined ? order : 0
    this.epochs.set(epoch, { log, order, doubted: this.#doubted })
    this.#doubted = false
  }

  /** Kills it, or asks it to go; fulfilled when it has gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    this.measure()
    this.#expected = true
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  /** The next to open the log may have to doubt it. */
  doubt(): void {
    this.#doubted = true
  }

  stop(): void {
    this.#child?.kill('SIGSTOP')
  }

  goOn(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Seconds by which its clock of the day is wrong. */
  setClock(seconds: number): void {
    writeFileSync(this.#clock, `${seconds < 0 ? '' : '+'}${seconds}\n`)
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  get errors(): string {
    return readFileSync(this.#errors, 'utf8').slice(-2_000)
  }

  /** Takes down how much memory it has needed, where the system tells. */
  measure(): void {
    try {
      const [, kB] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8')) ?? []
      this.#options.tally.peakMemory = Math.max(this.#options.tally.peakMemory, Number(kB ?? 0) * 1024)
    } catch {
      // Not Linux.
    }
  }

  async position(): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.port}/wire/position`)
    return ((await response.json()) as { id: string }).id
  }
}
