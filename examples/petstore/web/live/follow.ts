import { effect, untracked } from '@preact/signals'
import type { ChannelStart, Message } from 'everwire/client'
import { Chain } from './chain.ts'
import { wire, type Wire } from './connection.ts'
import { tally } from './tally.ts'

/** Wraps a handler so that the place of each message is remembered and its continuity judged. */
export type Seen = <D>(handler: (message: Message<D>) => void) => (message: Message<D>) => void

/** What is made of a message besides its handling: by default, whether it follows the one before it. */
export type Judge = (message: Message) => void

function chained(): Judge {
  const chain = new Chain()
  return ({ id, previous }) => {
    if (id !== undefined) tally.chain(chain.take(id, previous))
  }
}

/**
 * Follows a channel for as long as the page wants to, over whichever connection the page has: when the transport
 * picker replaces the connection, the next one goes on from the last message seen. Answers what stops it.
 */
export function follow(
  from: ChannelStart,
  subscribe: (wire: Wire, start: ChannelStart, seen: Seen) => () => void,
  judge: Judge = chained(),
): () => void {
  let start = from
  const seen: Seen = (handler) => (message) => {
    if (message.id !== undefined) start = { after: message.id }
    judge(message)
    handler(message)
  }
  return effect(() => {
    const current = wire.value
    return untracked(() => subscribe(current, start, seen))
  })
}
