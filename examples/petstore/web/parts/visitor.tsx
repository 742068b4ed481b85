import { signal } from '@preact/signals'
import type { Role, Visitor } from '../../domain.ts'
import { api } from '../api.ts'
import { Avatar } from './avatar.tsx'
import { Icon } from './icons.tsx'
import { Popover } from './popover.tsx'

export const visitor = signal<Visitor | undefined>(undefined)

export async function meet(): Promise<void> {
  visitor.value = await api.me()
}

export async function become(role: Role): Promise<void> {
  visitor.value = await api.setRole(role)
}

const roles: readonly { readonly role: Role; readonly name: string; readonly can: string }[] = [
  { role: 'adopter', name: 'Adopter', can: 'Looks for a pet, adopts, asks questions' },
  { role: 'coordinator', name: 'Coordinator', can: 'Works at the shelter: staff desk and answers' },
]

/** There is no login: a visitor is given a name and chooses a side. */
export function VisitorMenu() {
  const me = visitor.value
  if (!me) return null
  return (
    <Popover
      label={`You are ${me.name}, ${me.role}. Change role`}
      buttonClass="who"
      button={
        <>
          <Avatar name={me.name} />
          <div>
            <b>{me.name}</b>
            <small>{me.role}</small>
          </div>
        </>
      }
    >
      {(close) => (
        <>
          <h2>You are {me.name}</h2>
          <div role="group" aria-label="Role">
            {roles.map(({ role, name, can }) => (
              <button
                key={role}
                type="button"
                class="role"
                aria-pressed={me.role === role}
                onClick={() => void become(role).then(close)}
              >
                <Icon name={role === 'adopter' ? 'heart' : 'desk'} />
                <span>
                  <b>{name}</b>
                  <small>{can}</small>
                </span>
                {me.role === role && <Icon name="check" />}
              </button>
            ))}
          </div>
        </>
      )}
    </Popover>
  )
}
