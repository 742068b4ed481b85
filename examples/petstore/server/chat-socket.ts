import type { SocketRoute } from 'everwire'
import type { Visitor } from '../domain.ts'
import { chatWords } from './chat-words.ts'

/** Where those are who named no room. */
const lobby = 'lobby'

/** The rooms of one connection. */
class Seat {
  readonly rooms = new Set([lobby])
  last = lobby
}

/**
 * `/v1/chat` for a bare WebSocket: `{"type":"message","text":"..."}` and `{"type":"typing"}`, with a `petId` or `room`
 * or else in the room named last. `join` takes `after`, the `position` of the last message seen, to resume.
 */
export function chatSocket(): SocketRoute<Visitor> {
  const seats = new WeakMap<object, Seat>()
  const seatOf = (session: object) => {
    const seat = seats.get(session) ?? new Seat()
    seats.set(session, seat)
    return seat
  }

  return {
    // Whoever connects is in a room: bare clients that just talk hear each other.
    open: () => enter(lobby),

    receive(message, session) {
      const said = chatWords(message)
      const seat = seatOf(session)
      const room = said.room ?? said.petId ?? seat.last
      if (said.type === 'leave') {
        seat.rooms.delete(room)
        return channelsOf(room).map((channel) => ({ type: 'unsubscribe', channel }))
      }
      const entry = seat.rooms.has(room) ? [] : enter(room, 'after' in said ? said.after : undefined)
      seat.rooms.add(room)
      seat.last = room
      if (said.type === 'join') return entry

      const [chat, typing] = channelsOf(room)
      const { name, role } = speaker(session.user, said.user)
      if (said.type === 'typing') {
        return [
          ...entry,
          { type: 'publish', channel: typing, event: 'typing', data: { type: 'typing', user: name } },
        ]
      }
      const { id, text, timestamp } = said
      const data = { type: 'message', id, text, user: name, role, timestamp }
      return [
        ...entry,
        { type: 'publish', channel: chat, event: 'message', data, ...(id && { key: id, ref: id }) },
      ]
    },

    send(message) {
      if (message.type === 'published')
        return message.ref && { type: 'sent', id: message.ref, duplicate: message.duplicate }
      if (message.type !== 'message') return isForChat(message) ? message : undefined
      const room = message.channel.slice(message.channel.indexOf('/') + 1)
      // What has no time of its own got one from the log, the same for every reader.
      const time = message.event === 'message' && {
        timestamp: new Date(message.time).toISOString(),
        position: message.id,
      }
      return { room, ...time, ...Object(message.data) }
    },
  }
}

function channelsOf(room: string) {
  return [`chat/${room}`, `typing/${room}`] as const
}

function enter(room: string, after = 'now') {
  const [chat, typing] = channelsOf(room)
  return [
    { type: 'subscribe', channel: typing },
    { type: 'subscribe', channel: chat, after },
  ] as const
}

/** A browser speaks under its visitor's name, whatever it says; a script has no name but the one it gives. */
function speaker(visitor: Visitor | undefined, given: string | undefined): Pick<Visitor, 'name' | 'role'> {
  if (visitor && visitor.id !== 'script') return visitor
  return { name: given?.slice(0, 40) || 'Guest', role: 'adopter' }
}

function isForChat(message: { readonly type: string; readonly channel?: string }): boolean {
  return message.type !== 'ping' && message.type !== 'position' && !message.channel?.startsWith('typing/')
}
