import { useState } from 'preact/hooks'
import type { Pet } from '../../domain.ts'
import { api } from '../api.ts'
import { Fault, reason } from '../parts/fault.tsx'
import { StatusBadge } from '../parts/status-badge.tsx'
import { Portrait } from '../portraits/portrait.tsx'
import { Link } from '../router.tsx'

export function Roster({ pets }: { readonly pets: readonly Pet[] }) {
  const [fault, setFault] = useState<string>()

  async function toggle({ id, status }: Pet) {
    setFault(undefined)
    try {
      await (status === 'AVAILABLE' ? api.adopt(id) : api.giveBack(id))
    } catch (error) {
      setFault(reason(error))
    }
  }

  return (
    <>
      <Fault text={fault} />
      <ul class="roster">
        {pets.map((pet) => (
          <li key={pet.id} data-pet={pet.id}>
            <span class="thumb">
              <Portrait name={pet.portrait} />
            </span>
            <div>
              <Link to={`/pets/${pet.id}`}>{pet.name}</Link>
              <p>
                {pet.breed}, {pet.age}
              </p>
            </div>
            <StatusBadge status={pet.status} />
            <button
              type="button"
              class="button quiet compact"
              aria-label={pet.status === 'AVAILABLE' ? `Mark ${pet.name} adopted` : `Take ${pet.name} back`}
              onClick={() => void toggle(pet)}
            >
              {pet.status === 'AVAILABLE' ? 'Mark adopted' : 'Take back'}
            </button>
          </li>
        ))}
      </ul>
    </>
  )
}
