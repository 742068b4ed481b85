import type { Pet } from '../../domain.ts'
import { StatusBadge } from '../parts/status-badge.tsx'
import { Portrait } from '../portraits/portrait.tsx'
import { Link } from '../router.tsx'

export function PetCard({ pet }: { readonly pet: Pet }) {
  return (
    <article class={`card${pet.status === 'ADOPTED' ? ' is-adopted' : ''}`} data-pet={pet.id}>
      <figure>
        <Portrait name={pet.portrait} />
      </figure>
      <StatusBadge status={pet.status} />
      <div class="card-text">
        <h2>
          <Link to={`/pets/${pet.id}`}>{pet.name}</Link>
        </h2>
        <p class="soft small">
          {pet.breed} · {pet.age} · {pet.sex}
        </p>
        <div class="tags">
          {pet.traits.slice(0, 2).map((trait) => (
            <span class="tag" key={trait}>
              {trait}
            </span>
          ))}
        </div>
      </div>
    </article>
  )
}
