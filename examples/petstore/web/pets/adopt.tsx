import { useState } from 'preact/hooks'
import type { Pet } from '../../domain.ts'
import { api } from '../api.ts'
import { Fault, reason } from '../parts/fault.tsx'
import { Icon } from '../parts/icons.tsx'
import { visitor } from '../parts/visitor.tsx'

/** The button shows what is true, not what was clicked: the status comes back as a message, to every page alike. */
export function Adopt({ pet }: { readonly pet: Pet }) {
  const [isBusy, setBusy] = useState(false)
  const [fault, setFault] = useState<string>()
  const [isMine, setMine] = useState(pet.adoptedBy !== null && pet.adoptedBy === visitor.peek()?.name)

  async function act(action: () => Promise<unknown>, mine: boolean) {
    setBusy(true)
    setFault(undefined)
    try {
      await action()
      setMine(mine)
    } catch (error) {
      setFault(reason(error))
    } finally {
      setBusy(false)
    }
  }

  const mayGiveBack = isMine || visitor.value?.role === 'coordinator'
  return (
    <div class="adopt">
      {pet.status === 'AVAILABLE' ? (
        <button
          type="button"
          class="button"
          disabled={isBusy}
          onClick={() => void act(() => api.adopt(pet.id), true)}
        >
          <Icon name="heart" /> Adopt {pet.name}
        </button>
      ) : (
        <>
          <p>
            <b>{isMine ? `${pet.name} comes home with you.` : `${pet.name} has found a home.`}</b>
          </p>
          {mayGiveBack && (
            <button
              type="button"
              class="button quiet"
              disabled={isBusy}
              onClick={() => void act(() => api.giveBack(pet.id), false)}
            >
              {isMine ? 'Undo the adoption' : 'Make available again'}
            </button>
          )}
        </>
      )}
      <Fault text={fault} />
    </div>
  )
}
