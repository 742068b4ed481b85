import { useEffect, useState } from 'preact/hooks'
import type { PetPage as Page } from '../../domain.ts'
import { Refusal } from '../api.ts'
import { Chat } from '../chat/chat.tsx'
import { followPet } from '../live/pets.ts'
import { Fault, reason } from '../parts/fault.tsx'
import { Icon } from '../parts/icons.tsx'
import { StatusBadge } from '../parts/status-badge.tsx'
import { Portrait } from '../portraits/portrait.tsx'
import { Link } from '../router.tsx'
import { Adopt } from './adopt.tsx'
import { Timeline } from './timeline.tsx'

export function PetPage({ id }: { readonly id: string }) {
  const [pet, setPet] = useState<Page>()
  const [fault, setFault] = useState<string>()

  useEffect(
    () =>
      followPet(id, setPet, (error) =>
        setFault(error instanceof Refusal && error.status === 404 ? 'There is no such pet.' : reason(error)),
      ),
    [id],
  )
  useEffect(() => {
    if (pet) document.title = `${pet.name}, ${pet.breed} · Homeward`
  }, [pet?.name])

  return (
    <>
      <Link to="/" class="back">
        <Icon name="back" size={18} /> All pets
      </Link>
      <Fault text={fault} />
      {pet && (
        <div class="pet-page">
          <div class="pet-main">
            <section class="panel pet-card" aria-label={pet.name}>
              <figure>
                <Portrait name={pet.portrait} label={`Drawing of ${pet.name}`} />
              </figure>
              <div class="pet-text">
                <div class="pet-head">
                  <h1>{pet.name}</h1>
                  <div role="status">
                    <StatusBadge status={pet.status} />
                  </div>
                </div>
                <p class="soft">
                  {pet.breed} · {pet.age} · {pet.sex}
                </p>
                <p>{pet.story}</p>
                <div class="tags">
                  {pet.traits.map((trait) => (
                    <span class="tag" key={trait}>
                      {trait}
                    </span>
                  ))}
                </div>
                <Adopt pet={pet} />
              </div>
            </section>
            <section class="panel" aria-labelledby="medical">
              <header>
                <h2 id="medical">Medical history</h2>
                <span class="soft small">{pet.records.length} entries</span>
              </header>
              <Timeline records={pet.records} />
            </section>
          </div>
          <div class="pet-side">
            <Chat petId={pet.id} petName={pet.name} />
          </div>
        </div>
      )}
    </>
  )
}
