import { useEffect, useMemo } from 'preact/hooks'
import type { ComponentChildren } from 'preact'
import { visitor } from '../parts/visitor.tsx'
import { Avatar } from '../parts/avatar.tsx'
import { Conversation } from './conversation.tsx'
import { Room } from './room.ts'

interface ChatProps {
  readonly petId: string
  readonly title: string
  readonly about: string
}

/** The chat of one pet, as a panel that enters the room and leaves it again. */
export function Chat({ petId, title, about }: ChatProps) {
  const room = useMemo(() => new Room(petId), [petId])
  useEffect(() => room.enter(() => visitor.peek()?.name), [room])
  return (
    <ChatPanel title={title} about={about}>
      <Conversation room={room} />
    </ChatPanel>
  )
}

function ChatPanel({
  title,
  about,
  children,
}: {
  readonly title: string
  readonly about: string
  readonly children: ComponentChildren
}) {
  return (
    <section class="panel chat" aria-label={title}>
      <header>
        <Avatar name="Homeward" />
        <div>
          <h2>{title}</h2>
          <p>{about}</p>
        </div>
      </header>
      {children}
    </section>
  )
}
