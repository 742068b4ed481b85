import { useEffect, useState } from 'preact/hooks'
import type { Pet, Species } from '../../domain.ts'
import { followPets, pets } from '../live/pets.ts'
import { Fault, reason } from '../parts/fault.tsx'
import { Icon } from '../parts/icons.tsx'
import { PetCard } from './card.tsx'

const kinds: readonly { readonly kind: Species | 'all'; readonly name: string }[] = [
  { kind: 'all', name: 'All' },
  { kind: 'dog', name: 'Dogs' },
  { kind: 'cat', name: 'Cats' },
  { kind: 'rabbit', name: 'Rabbits' },
  { kind: 'bird', name: 'Birds' },
  { kind: 'small', name: 'Small ones' },
]

export function PetListPage() {
  const [kind, setKind] = useState<Species | 'all'>('all')
  const [isAvailableOnly, setAvailableOnly] = useState(false)
  const [words, setWords] = useState('')
  const [fault, setFault] = useState<string>()

  useEffect(() => {
    document.title = 'Homeward: pets looking for a person'
    return followPets((error) => setFault(reason(error)))
  }, [])

  const all = pets.value ?? []
  const available = all.filter(({ status }) => status === 'AVAILABLE').length
  const found = all.filter(
    (pet) =>
      (kind === 'all' || pet.species === kind) &&
      (!isAvailableOnly || pet.status === 'AVAILABLE') &&
      matches(pet, words),
  )

  return (
    <>
      <div class="hero">
        <div>
          <h1>Somebody here is waiting for you</h1>
          <p>
            Twelve residents, each with a story. What changes at the shelter changes on this page, as it
            happens.
          </p>
        </div>
        <dl class="tally">
          <div>
            <dt>waiting</dt>
            <dd>{available}</dd>
          </div>
          <div>
            <dt>have a home</dt>
            <dd>{all.length - available}</dd>
          </div>
        </dl>
      </div>
      <Fault text={fault} />
      <div class="filters">
        <div class="chips" role="group" aria-label="Which pets">
          {kinds.map((each) => (
            <button
              key={each.kind}
              type="button"
              class="chip"
              aria-pressed={kind === each.kind}
              onClick={() => setKind(each.kind)}
            >
              {each.name}
              <span class="count">
                {all.filter((pet) => each.kind === 'all' || pet.species === each.kind).length}
              </span>
            </button>
          ))}
          <button
            type="button"
            class="chip"
            aria-pressed={isAvailableOnly}
            onClick={() => setAvailableOnly(!isAvailableOnly)}
          >
            {isAvailableOnly && <Icon name="check" size={16} />} Available only
          </button>
        </div>
        <label class="search">
          <span class="visually-hidden">Search by name, breed or trait</span>
          <Icon name="search" />
          <input
            class="input"
            type="search"
            placeholder="Name, breed or trait"
            value={words}
            onInput={(event) => setWords(event.currentTarget.value)}
          />
        </label>
      </div>
      <p class="visually-hidden" role="status">
        {found.length} pets shown
      </p>
      <div class="grid">
        {found.map((pet) => (
          <PetCard key={pet.id} pet={pet} />
        ))}
      </div>
      {pets.value && found.length === 0 && (
        <p class="empty">Nobody fits that. Try fewer words or another kind.</p>
      )}
    </>
  )
}

function matches(pet: Pet, words: string): boolean {
  const text = [pet.name, pet.breed, pet.age, ...pet.traits].join(' ').toLowerCase()
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
