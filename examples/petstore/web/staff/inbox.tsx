import { useComputed, useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { Pet } from '../../domain.ts'
import { Conversation } from '../chat/conversation.tsx'
import { Room } from '../chat/room.ts'
import { visitor } from '../parts/visitor.tsx'
import { Portrait } from '../portraits/portrait.tsx'

/** All conversations at once, over the one connection; those with something unread come first. */
export function Inbox({ pets }: { readonly pets: readonly Pet[] }) {
  const rooms = useMemo(() => new Map(pets.map(({ id }) => [id, new Room(id)])), [])
  const chosen = useSignal(pets[0]?.id ?? '')
  const read = useSignal<Readonly<Record<string, number>>>({})

  useEffect(() => {
    const leave = [...rooms.values()].map((room) => room.enter(visitor))
    return () => leave.forEach((each) => each())
  }, [rooms])

  const counts = useComputed(() => {
    const totals = [...rooms].map(([id, room]) => [id, room.messages.value.length] as const)
    return new Map(totals.map(([id, total]) => [id, { total, unread: total - (read.value[id] ?? 0) }]))
  })
  const order = [...pets].sort((a, b) => Number(hasTalk(b.id)) - Number(hasTalk(a.id)))
  const room = rooms.get(chosen.value)
  const pet = pets.find(({ id }) => id === chosen.value)

  function hasTalk(id: string): boolean {
    return (counts.value.get(id)?.total ?? 0) > 0
  }

  function pick(id: string) {
    read.value = { ...read.value, [id]: counts.value.get(id)?.total ?? 0 }
    chosen.value = id
  }

  return (
    <section class="panel chat inbox" aria-label="Conversations">
      <header>
        <div>
          <h2>Conversations</h2>
          <p>{pet ? `You answer about ${pet.name}` : 'Choose a pet'}</p>
        </div>
      </header>
      <div class="rooms">
        {order.map(({ id, name, portrait }) => {
          const isAsked = rooms.get(id)?.present.value.some(({ role }) => role === 'adopter')
          const unread = id === chosen.value ? 0 : (counts.value.get(id)?.unread ?? 0)
          return (
            <button
              key={id}
              type="button"
              class="room"
              aria-pressed={id === chosen.value}
              onClick={() => pick(id)}
            >
              <span class="thumb">
                <Portrait name={portrait} />
              </span>
              {name}
              {isAsked && (
                <i>
                  <span class="visually-hidden">, somebody is there</span>
                </i>
              )}
              {unread > 0 && (
                <em>
                  {unread}
                  <span class="visually-hidden"> new</span>
                </em>
              )}
            </button>
          )
        })}
      </div>
      {room && <Conversation key={chosen.value} room={room} />}
    </section>
  )
}
