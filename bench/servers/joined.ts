// Sockets by channel, each given what one turn has published in one write.
import type { Writable } from 'node:stream'
import { channels, message, publishing } from './publish.ts'

interface Members {
  enter(channel: string, socket: Writable): void
  leave(channel: string, socket: Writable): void
}

/** `ready` makes the bytes of a message, once for all. */
export function joined(ready: (text: string) => Buffer, unsent: () => readonly number[]): Members {
  const members = new Map<string, Set<Writable>>()
  const turn = new Map<string, Buffer[]>()
  publishing(() => {
    const next = message()
    const channel = channels > 1 ? `/c${next.n % channels}` : '/m'
    const bytes = ready(JSON.stringify(next))
    const before = turn.get(channel)
    if (before) before.push(bytes)
    else {
      if (turn.size === 0) process.nextTick(flush)
      turn.set(channel, [bytes])
    }
  }, unsent)

  function flush(): void {
    for (const [channel, pieces] of turn) {
      const [first = Buffer.alloc(0)] = pieces
      const bytes = pieces.length === 1 ? first : Buffer.concat(pieces)
      for (const socket of members.get(channel) ?? []) socket.write(bytes)
    }
    turn.clear()
  }

  return {
    enter(channel, socket) {
      const there = members.get(channel)
      if (there) there.add(socket)
      else members.set(channel, new Set([socket]))
    },
    leave(channel, socket) {
      const there = members.get(channel)
      there?.delete(socket)
      if (there?.size === 0) members.delete(channel)
    },
  }
}
