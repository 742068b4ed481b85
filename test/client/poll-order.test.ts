import { expect, test } from 'vitest'
import { inOrder } from '../../src/client/transports/poll.ts'
import type { ChannelMessage } from '../../src/protocol/messages.ts'

const at = (seq: number) => `${seq}-abcdefghij`
const message = (id?: number): ChannelMessage => ({
  type: 'message',
  channel: id === undefined ? 'signals' : 'c',
  ...(id === undefined ? {} : { id: at(id) }),
  event: 'e',
  data: null,
  time: 0,
})

test('a gap stands behind the message that it follows, and signals move nothing', () => {
  const messages = [3, undefined, undefined, 7, 8, undefined, 60].map(message)
  const gap = { type: 'gap', channel: 'c', after: at(8), reason: 'expired', id: at(55) } as const
  const told = inOrder({ messages, gaps: [gap], snapshots: [], id: at(60) }).map((each) =>
    each.type === 'gap' ? 'gap' : (each.type === 'message' && each.id) || 'signal',
  )
  expect(told).toEqual([at(3), 'signal', 'signal', at(7), at(8), 'signal', 'gap', at(60)])
})
