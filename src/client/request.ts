import type { Contract, RequestIn, RequestName, ResponseOut } from '../contract/types.ts'
import { ask } from './asking.ts'
import { hostOf, type Channel } from './channel.ts'
import { encoded } from './outgoing.ts'

/** Asks the application's handler, once. Rejects with its refusal, or a ClientError `no-answer` or `disconnected`. */
export function request<C extends Contract, Name extends string, Event extends RequestName<C, Name>>(
  channel: Channel<C, Name>,
  event: Event,
  data: RequestIn<C, Name, Event>,
  options: { readonly timeoutMs?: number } = {},
): Promise<ResponseOut<C, Name, Event>> {
  const question = { type: 'request', channel: channel.name, event, ...encoded(data) } as const
  const answer = ask(hostOf(channel), question, options.timeoutMs ?? 10_000)
  // The server has validated the answer by the same contract.
  return answer as Promise<ResponseOut<C, Name, Event>>
}
