import { useEffect, useMemo } from 'preact/hooks'
import { Logo } from '../parts/icons.tsx'
import { visitor } from '../parts/visitor.tsx'
import { Conversation } from './conversation.tsx'
import { Room } from './room.ts'

/** The chat of one pet, as a panel that enters the room and leaves it again. */
export function Chat({ petId, petName }: { readonly petId: string; readonly petName: string }) {
  const room = useMemo(() => new Room(petId), [petId])
  useEffect(() => room.enter(visitor), [room])
  const staff = room.present.value.find(
    ({ name, role }) => role === 'coordinator' && name !== visitor.value?.name,
  )
  return (
    <section class="panel chat" aria-label="Ask the shelter">
      <header>
        <Logo size={38} />
        <div>
          <h2>Ask the shelter</h2>
          <p role="status" class={staff && 'is-here'}>
            {staff ? `${staff.name} from the shelter is here` : `About ${petName}; a coordinator answers`}
          </p>
        </div>
      </header>
      <Conversation room={room} />
    </section>
  )
}
