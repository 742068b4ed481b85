import { clearTimeout, setTimeout } from 'node:timers'
import { Remote } from './remote.ts'
import type { Checkpointed, CheckpointerRequest } from './wire.ts'

// In pages, roughly: what `Store.takePages` says of each commit.
/** Worth a checkpoint, unless one has just been. */
const due = 2_000
/** Retention waits until less than this is in the journal alone. */
const mostBehind = 8_000
/** A journal of this many pages is begun anew as soon as all of it has been carried over. */
const longJournal = 8_000
/** Worth one although one has just been. */
const longestJournal = 16_000
const restMs = 250

/** Asks for one checkpoint, and ends; what a test gives instead of a thread. */
export interface Checkpointer {
  ask(kind: 'checkpoint'): Promise<Checkpointed>
  ask(kind: 'close'): Promise<unknown>
}

/** What the checkpoints ask of the writer. */
export interface CheckpointedWriter {
  start(): Promise<Checkpointer>
  /** Carries over what came during the checkpoint: then the next commit begins the journal anew. */
  finish(): void
  /** The disk failed, and what it has of the file is not known. */
  doubt(reason: string): void
}

/**
 * The writer's side of the checkpoints. A checkpoint ends with an fsync of the file, which takes as long as the disk
 * likes; on a thread of its own no commit waits for it. The journal stays bounded all the same, because retention, which
 * fills it fastest, waits for the checkpoint.
 */
export class Checkpoints {
  readonly #writer: CheckpointedWriter
  #checkpointer: Promise<Checkpointer> | undefined
  /** Pages written since the last checkpoint began, and those that the one under way carries over. */
  #written = 0
  #underWay = 0
  /** Pages that the last one had to leave, because somebody reads an older state. */
  #left = 0
  #running: Promise<void> | undefined
  #resting: NodeJS.Timeout | undefined
  #held: (() => void)[] = []
  #stopped = false

  constructor(writer: CheckpointedWriter) {
    this.#writer = writer
  }

  /** After each commit: about so many pages were written. */
  wrote(pages: number): void {
    this.#written += pages
    this.#ask()
  }

  /** Runs when the journal is short enough for retention to go on, which may be now. */
  whenShort(run: () => void): void {
    this.#held.push(run)
    this.#release()
    this.#ask()
  }

  /** Ends the thread; what was held runs. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#resting)
    this.#release()
    await this.#running
    const checkpointer = await this.#checkpointer?.catch(() => undefined)
    await checkpointer?.ask('close').catch(() => undefined)
  }

  get #behind(): number {
    return this.#written + this.#underWay + this.#left
  }

  #release(): void {
    if (this.#behind >= mostBehind && !this.#stopped) return
    const held = this.#held
    this.#held = []
    for (const run of held) run()
  }

  #ask(): void {
    if (this.#running || this.#stopped || this.#behind < due) return
    const urgent = this.#left < mostBehind && (this.#held.length > 0 || this.#behind >= longestJournal)
    if (urgent || !this.#resting) this.#running = this.#run()
  }

  /** A checkpoint; answers how many pages it had to leave. */
  async #carriedOver(): Promise<number> {
    this.#checkpointer ??= this.#writer.start()
    const done = await (await this.#checkpointer).ask('checkpoint')
    if ('doubt' in done) {
      this.#writer.doubt(done.doubt)
      return 0
    }
    if (done.frames >= longJournal && done.left < due) this.#writer.finish()
    return done.left
  }

  async #run(): Promise<void> {
    this.#underWay = this.#written
    this.#written = 0
    try {
      this.#left = await this.#carriedOver()
    } catch {
      // Its frames stay in the journal, and are carried over by a later one.
      this.#left = 0
    }
    this.#underWay = 0
    this.#running = undefined
    clearTimeout(this.#resting)
    if (this.#stopped) return
    this.#resting = setTimeout(() => {
      this.#resting = undefined
      this.#ask()
    }, restMs)
    this.#release()
    this.#ask()
  }
}

/** Starts the thread. */
export async function startCheckpointer(file: string): Promise<Checkpointer> {
  const { remote } = await Remote.start<CheckpointerRequest, undefined>('checkpointer', { file })
  return { ask: (kind) => remote.ask({ kind }) as Promise<never> }
}
