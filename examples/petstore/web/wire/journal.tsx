import { journal } from '../live/journal.ts'
import { withSeconds } from '../parts/time.ts'

export function Journal() {
  const entries = journal.value
  if (entries.length === 0) return <p class="soft">Nothing yet. Break something.</p>
  return (
    <ol class="journal" aria-live="polite">
      {entries.map(({ at, text, tone }, index) => (
        <li key={`${at}-${entries.length - index}`}>
          <time>{withSeconds(at)}</time>
          <span class={tone}>{text}</span>
        </li>
      ))}
    </ol>
  )
}
