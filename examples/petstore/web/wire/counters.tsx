import { tally, type Totals } from '../live/tally.ts'

interface Shown {
  readonly name: keyof Totals
  readonly label?: string
  readonly mustBeZero?: true
}

// The first is left out on a narrow phone, the last ones wherever there is one line only.
const shown: readonly Shown[] = [
  { name: 'received' },
  { name: 'lost', mustBeZero: true },
  { name: 'doubled', mustBeZero: true },
  { name: 'recovered' },
  { name: 'late', label: 'out of order', mustBeZero: true },
  { name: 'gaps', mustBeZero: true },
]

export function Counters({ isFull = false }: { readonly isFull?: boolean }) {
  const totals = tally.totals.value
  return (
    <dl class={isFull ? 'wire-full' : 'wire-counts'}>
      {shown.map(({ name, label = name, mustBeZero }) => {
        const zero = mustBeZero ? (totals[name] === 0 ? 'is-zero' : 'is-bad') : ''
        return (
          <div key={name} class={`is-${name} ${zero}`}>
            <dt>{label}</dt>
            <dd data-count={isFull ? undefined : name}>{totals[name].toLocaleString('en')}</dd>
          </div>
        )
      })}
    </dl>
  )
}
