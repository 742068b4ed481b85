import { signal } from '@preact/signals'
import type { MedicalRecord, Pet, PetPage, StatusChange } from '../../domain.ts'
import { api } from '../api.ts'
import { follow } from './follow.ts'

/** All pets, kept up to date while a page shows them; undefined until they are loaded. */
export const pets = signal<readonly Pet[] | undefined>(undefined)

export function applyStatus(change: StatusChange): void {
  pets.value = pets.value?.map((pet) => (pet.id === change.id ? { ...pet, ...change } : pet))
}

export function followPets(fail: (error: unknown) => void): () => void {
  return loadThenFollow(api.pets, fail, (page, reload) => {
    pets.value = page.pets
    return page.pets.map(({ id }) => followStatus(id, page.position, applyStatus, reload))
  })
}

/** One pet with its records; `show` gets the page as it was loaded and after each change. */
export function followPet(id: string, show: (page: PetPage) => void, fail: (error: unknown) => void) {
  return loadThenFollow(
    () => api.pet(id),
    fail,
    (page, reload) => {
      let shown = page
      const update = (next: PetPage) => show((shown = next))
      update(page)
      return [
        followStatus(id, page.position, (status) => update({ ...shown, ...status }), reload),
        followRecords(id, page.position, (record) => update(withRecord(shown, record)), reload),
      ]
    },
  )
}

/** What came by message may stand in the loaded state already: the position was taken before the state. */
function withRecord(page: PetPage, record: MedicalRecord): PetPage {
  if (page.records.some(({ id }) => id === record.id)) return page
  return { ...page, records: [record, ...page.records] }
}

function followStatus(
  id: string,
  position: string,
  apply: (change: StatusChange) => void,
  reload: () => void,
) {
  return follow({ after: position }, (wire, start, seen) => {
    const channel = wire.channel(`pets/${id}`, start)
    channel.on(
      'statusChanged',
      seen(({ data }) => apply(data)),
    )
    channel.on('gap', reload)
    return () => channel.leave()
  })
}

function followRecords(
  id: string,
  position: string,
  apply: (record: MedicalRecord) => void,
  reload: () => void,
) {
  return follow({ after: position }, (wire, start, seen) => {
    const channel = wire.channel(`medical/${id}`, start)
    channel.on(
      'recordAdded',
      seen(({ data }) => apply(data)),
    )
    channel.on('gap', reload)
    return () => channel.leave()
  })
}

/** Loads the state and follows its changes from the position that came with it; a gap starts both anew. */
function loadThenFollow<P>(
  load: () => Promise<P>,
  fail: (error: unknown) => void,
  begin: (page: P, reload: () => void) => readonly (() => void)[],
): () => void {
  let stops: readonly (() => void)[] = []
  let round = 0
  function stop() {
    round++
    for (const each of stops) each()
    stops = []
  }
  function reload() {
    stop()
    const mine = round
    load().then((page) => {
      if (mine === round) stops = begin(page, reload)
    }, fail)
  }
  reload()
  return stop
}
