import { follow } from './follow.ts'
import { judged, settle } from './incident.ts'
import { note } from './journal.ts'
import { tally } from './tally.ts'

let burst: { readonly at: number; readonly through: number; readonly count: number } | undefined

/** `count` numbers up to `through` are on their way. */
export function expectBurst(count: number, through: number): void {
  burst = { at: Date.now(), count, through }
  finishBurst()
}

/** Follows the numbered stream from which this page judges what it got. */
export function followTicker(): () => void {
  return follow({}, subscribe, () => {})
}

const subscribe: Parameters<typeof follow>[1] = (wire, start, seen) => {
  const ticker = wire.channel('ticker', start)
  ticker.on(
    'tick',
    seen(({ data, time }) => {
      const isRecovered = judged(time)
      tally.tick(data.n, isRecovered)
      if (!isRecovered) settle()
      finishBurst()
    }),
  )
  ticker.on('gap', ({ reason }) => {
    tally.gap()
    note(`the server says: gap, ${reason}`, 'bad')
    if (reason === 'other-log' || reason === 'rolled-back') tally.ticks.restart()
  })
  return () => ticker.leave()
}

function finishBurst(): void {
  if (!burst || tally.ticks.highest < burst.through) return
  const seconds = ((Date.now() - burst.at) / 1000).toFixed(1)
  const { lost, doubled } = tally.now()
  note(
    `${burst.count.toLocaleString('en')} messages in ${seconds} s, ${lost} lost`,
    lost + doubled === 0 ? 'good' : 'bad',
  )
  burst = undefined
}
