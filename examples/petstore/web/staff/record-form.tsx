import { useState } from 'preact/hooks'
import { recordKinds, type Pet, type RecordKind } from '../../domain.ts'
import { api } from '../api.ts'
import { FormEnd } from './form-end.tsx'
import { useSubmit } from './use-submit.ts'

export function RecordForm({ pets }: { readonly pets: readonly Pet[] }) {
  const [petId, setPetId] = useState(pets[0]?.id ?? '')
  const [kind, setKind] = useState<RecordKind>('Check-up')
  const [note, setNote] = useState('')
  const { submit, ...progress } = useSubmit(async () => {
    await api.addRecord(petId, kind, note)
    setNote('')
  })

  return (
    <form class="form" onSubmit={submit}>
      <div class="form-pair">
        <label class="field">
          <span>Pet</span>
          <select class="input" value={petId} onChange={(event) => setPetId(event.currentTarget.value)}>
            {pets.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>Kind</span>
          <select
            class="input"
            value={kind}
            onChange={({ currentTarget }) =>
              setKind(recordKinds.find((each) => each === currentTarget.value) ?? 'Note')
            }
          >
            {recordKinds.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </div>
      <label class="field">
        <span>What was done</span>
        <textarea
          class="input"
          required
          maxLength={400}
          placeholder="Weight steady, ears clean"
          value={note}
          onInput={(event) => setNote(event.currentTarget.value)}
        />
      </label>
      <FormEnd action="Add record" done="Added" {...progress} />
    </form>
  )
}
