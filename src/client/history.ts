import type { Contract } from '../contract/types.ts'
import { hostOf, type Channel } from './channel.ts'
import { ask } from './http.ts'
import { decoded } from './outgoing.ts'
import type { HistoryOptions, Message } from './types.ts'

/** Messages of a channel that are kept, without subscribing; `more` lie beyond, in the order asked for. */
export async function history<C extends Contract, Name extends string>(
  channel: Channel<C, Name>,
  options: HistoryOptions = {},
): Promise<{ messages: Message[]; more: boolean }> {
  const query = new URLSearchParams({ channel: channel.name })
  for (const [name, value] of Object.entries(options)) query.set(name, String(value))
  const answer = await ask(await hostOf(channel).access(), `/history?${query}`)
  const { messages, more } = await answer.json()
  return { messages: messages.map(decoded), more }
}
