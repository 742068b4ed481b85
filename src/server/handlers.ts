import { PatternMap } from '../protocol/channel.ts'
import { EverwireError } from '../protocol/codes.ts'
import type { Border } from '../session/border.ts'
import type { Principal } from '../session/guard.ts'
import type { Clock, Kernel } from './kernel.ts'

/** What a handler of the application gets. */
export interface HandlerRequest<User = unknown> {
  /** Undefined for those who did not say who they are. */
  readonly user: User | undefined
  readonly channel: string
  readonly event: string
  readonly data: unknown
}

export type Handler<User = unknown> = (request: HandlerRequest<User>) => unknown

export interface HandlersOptions {
  readonly border: Border
  readonly timeoutMs: number
  readonly clock: Clock
  readonly report: (error: unknown) => void
}

/** The application's handlers of requests, by channel pattern and event. */
export class Handlers {
  readonly #byEvent = new Map<string, { readonly pattern: string; readonly handler: Handler }[]>()
  readonly #found = new Map<string, PatternMap<Handler>>()

  /** Throws when the pattern and event have a handler already. */
  add(pattern: string, event: string, handler: Handler): void {
    const known = [...(this.#byEvent.get(event) ?? []), { pattern, handler }]
    this.#found.set(event, new PatternMap(known.map((each) => [each.pattern, each.handler] as const)))
    this.#byEvent.set(event, known)
  }

  /** Answers requests of clients with these handlers; their rights have been checked. */
  serve(options: HandlersOptions): Kernel['handle'] {
    return async (principal, channel, event, data) => {
      const handler = this.#found.get(event)?.match(channel)?.value
      if (!handler) {
        throw new EverwireError(
          'no-handler',
          `nothing answers ${JSON.stringify(event)} on ${JSON.stringify(channel)}`,
        )
      }
      const checked = await options.border.request(channel, event, data)
      const answer = await answerInTime(options, () => handler(requestOf(principal, channel, event, checked)))
      return options.border.response(channel, event, answer ?? null)
    }
  }
}

function requestOf(principal: Principal, channel: string, event: string, data: unknown): HandlerRequest {
  return { user: principal.user, channel, event, data }
}

async function answerInTime(options: HandlersOptions, work: () => unknown): Promise<unknown> {
  let cancel = () => {}
  const late = new Promise<never>((_resolve, reject) => {
    cancel = options.clock.later(options.timeoutMs, () =>
      reject(
        new EverwireError(
          'timeout',
          `no answer within ${options.timeoutMs / 1_000} s: it may still take effect`,
        ),
      ),
    )
  })
  try {
    return await Promise.race([new Promise((resolve) => resolve(work())), late])
  } catch (error) {
    if (error instanceof EverwireError) throw error
    options.report(error)
    throw new EverwireError('handler-failed', 'the handler of this request failed: try again later', {
      cause: error,
    })
  } finally {
    cancel()
  }
}
