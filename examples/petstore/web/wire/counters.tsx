import { tally, type Totals } from '../live/tally.ts'

const shown: readonly {
  readonly name: keyof Totals
  readonly isExtra: boolean
  readonly mustBeZero: boolean
}[] = [
  { name: 'received', isExtra: false, mustBeZero: false },
  { name: 'lost', isExtra: false, mustBeZero: true },
  { name: 'doubled', isExtra: true, mustBeZero: true },
  { name: 'recovered', isExtra: true, mustBeZero: false },
]

export function Counters({ isFull = false }: { readonly isFull?: boolean }) {
  const totals = tally.totals.value
  return (
    <dl class={isFull ? 'wire-full' : 'wire-counts'}>
      {shown.map(({ name, isExtra, mustBeZero }) => {
        const zero = mustBeZero ? (totals[name] === 0 ? 'is-zero' : 'is-bad') : ''
        return (
          <div key={name} class={`is-${name} ${zero} ${isExtra ? 'is-extra' : ''}`}>
            <dt>{name}</dt>
            <dd data-count={isFull ? undefined : name}>{totals[name].toLocaleString('en')}</dd>
          </div>
        )
      })}
    </dl>
  )
}
