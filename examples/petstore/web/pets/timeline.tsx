import { useRef } from 'preact/hooks'
import type { MedicalRecord, RecordKind } from '../../domain.ts'
import { Icon, type IconName } from '../parts/icons.tsx'
import { ago } from '../parts/time.ts'

const icons: Readonly<Record<RecordKind, IconName>> = {
  'Check-up': 'stethoscope',
  Vaccination: 'syringe',
  Treatment: 'pill',
  Surgery: 'scissors',
  Note: 'note',
}

export function Timeline({ records }: { readonly records: readonly MedicalRecord[] }) {
  // What was there when the page was loaded does not move; what comes later does.
  const atFirst = useRef(new Set(records.map(({ id }) => id)))
  return (
    <ol class="timeline" aria-live="polite">
      {records.map(({ id, kind, note, vet, at }) => (
        <li key={id} class={atFirst.current.has(id) ? '' : 'is-new'}>
          <span class="dot">
            <Icon name={icons[kind]} />
          </span>
          <div>
            <b>
              {kind} <time dateTime={at}>{ago(at)}</time>
            </b>
            <p>{note}</p>
            <p class="soft small">{vet}</p>
          </div>
        </li>
      ))}
    </ol>
  )
}
