import type { Contract } from '../../contract/types.ts'
import { EverwireError } from '../../protocol/codes.ts'
import { hostOf } from '../channel.ts'
import { connect } from '../connect.ts'
import { basesOf } from '../endpoint.ts'
import { type Env, platform } from '../env.ts'
import { watchPage } from '../page.ts'
import type { ConnectOptions, TransportChange } from '../types.ts'
import { Wire } from '../wire.ts'
import { Leader } from './leader.ts'
import { portTransport } from './port.ts'
import type { Word } from './words.ts'

export interface SharedOptions extends Omit<ConnectOptions, 'maxAttempts'> {
  /** Tabs with the same name share: one per user, since what one tab may do, all may. */
  readonly name: string
}

/**
 * `connect()`, over one connection for all tabs of this origin: one tab leads, and another takes over without loss when
 * it is closed, put to sleep or crashes. Each tab has its own channels, positions and outbox. Where the browser has no
 * Web Locks or no BroadcastChannel it is a connection of the tab's own.
 */
export function shared<C extends Contract = Contract>(
  endpoint: string | readonly string[],
  { name, ...options }: SharedOptions,
): Wire<C> {
  if (typeof BroadcastChannel === 'undefined' || !globalThis.navigator?.locks)
    return connect<C>(endpoint, options)
  const room = `everwire ${basesOf(endpoint).join(' ')} ${name}`
  let carried: (change: TransportChange) => void = () => {}

  const candidate = new Candidate(room, () => {
    const upstream = connect(endpoint, options)
    const leader = new Leader(hostOf(upstream.channel('tabs')), room)
    upstream.on('transport', (change) => leader.carried(change))
    upstream.on('error', (error) => {
      if (error instanceof EverwireError)
        leader.refused({ retry: 'never', told: true, code: error.code, message: error.message })
    })
    return () => {
      leader.stop()
      upstream.close()
    }
  })

  const port = portTransport({
    room,
    key: platform.key,
    later: platform.later,
    silent: () => candidate.seize(),
    carried: (change) => carried(change),
  })
  const env: Env = {
    ...platform,
    transports: { websocket: port, sse: port, poll: port },
    carrier: (told) => (carried = told),
  }
  const radio = new BroadcastChannel(room)
  const wire = new Wire<C>(basesOf(endpoint), { ...options, transports: ['websocket'] }, env, (tell) => {
    // Who waits to try again need not wait any longer.
    radio.onmessage = ({ data }: MessageEvent<Word>) =>
      data.kind === 'leads' && platform.later(0, () => wire.state !== 'live' && tell('shown'))
    const stop = watchPage((event) => {
      if (event === 'asleep') candidate.stand(false)
      if (event === 'shown') candidate.stand(true)
      tell(event)
    })
    return () => {
      stop()
      radio.close()
      candidate.stand(false)
    }
  })
  candidate.stand(true)
  return wire
}

/** A tab that leads as soon as no other does. */
class Candidate {
  readonly #room: string
  readonly #lead: () => () => void
  #standing: AbortController | undefined

  constructor(room: string, lead: () => () => void) {
    this.#room = room
    this.#lead = lead
  }

  /** Whether this tab would lead. A page that is asleep must hold no lock. */
  stand(ready: boolean): void {
    if (ready === (this.#standing !== undefined)) return
    this.#standing?.abort()
    this.#standing = undefined
    if (ready) void this.#request(false)
  }

  /** Takes the place of a leader that does not answer: it hangs. */
  seize(): void {
    if (!this.#standing) return
    this.stand(false)
    void this.#request(true)
  }

  async #request(steal: boolean): Promise<void> {
    const standing = (this.#standing = new AbortController())
    const { signal } = standing
    let stop = () => {}
    const lead = () => {
      if (signal.aborted) return undefined
      stop = this.#lead()
      // In the same turn as it gives up the lock: no two lead.
      signal.addEventListener('abort', () => stop())
      return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    }
    try {
      // Who takes a lock by force cannot call that off.
      await navigator.locks.request(this.#room, steal ? { steal } : { signal }, lead)
    } catch {
      // It was taken by force, or this tab no longer stands.
    }
    if (this.#standing !== standing) return
    stop()
    this.#standing = undefined
    this.stand(true)
  }
}
