import type { EverwireError } from '../../protocol/codes.ts'
import type { Principal } from '../../session/guard.ts'
import type { Connection, Kernel } from '../kernel.ts'
import type { Place } from '../../session/place.ts'

/** Nobody: a probe has no rights. */
const nobody: Principal = { id: '', user: undefined }

/** A probe that lasts, as a connection: a server that goes away ends it like the others. Has no heartbeat of its own. */
export class Lasting implements Connection {
  readonly principal = nobody
  place: Place<Lasting> | undefined
  readonly #kernel: Kernel
  readonly #release: () => void
  readonly #stop: (error: EverwireError | undefined) => void
  #cancel = () => {}
  #over = false

  /** `release` is called once, when it is over; `stop` ends it from this side. */
  constructor(kernel: Kernel, release: () => void, stop: (error: EverwireError | undefined) => void) {
    this.#kernel = kernel
    this.#release = release
    this.#stop = stop
    kernel.connections.add(this)
  }

  get over(): boolean {
    return this.#over
  }

  /** Runs after `ms`, unless it is over by then; takes the place of what was to run before. */
  later(ms: number, run: () => void): void {
    this.#cancel()
    this.#cancel = this.#kernel.clock.later(ms, () => {
      if (!this.#over) run()
    })
  }

  tick(): void {}

  drain(): void {
    this.#stop(undefined)
  }

  end(error: EverwireError): void {
    this.#stop(error)
  }

  ended(): void {
    if (this.#over) return
    this.#over = true
    this.#cancel()
    this.#kernel.connections.delete(this)
    this.#release()
  }
}
