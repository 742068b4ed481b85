import { signal } from '@preact/signals'
import { api, Refusal } from '../api.ts'
import { broke } from '../live/incident.ts'
import { note } from '../live/journal.ts'
import { expectBurst } from '../live/ticker.ts'
import { Icon, type IconName } from '../parts/icons.tsx'

interface Way {
  readonly how: 'drop' | 'block' | 'buffer' | 'restart' | 'burst'
  readonly icon: IconName
  readonly name: string
  readonly does: string
  /** What the journal says of it; absent where nothing breaks. */
  readonly incident?: string
}

const ways: readonly Way[] = [
  {
    how: 'drop',
    icon: 'cut',
    name: 'Drop the connection',
    does: 'Destroys your sockets',
    incident: 'connection dropped',
  },
  {
    how: 'block',
    icon: 'shield',
    name: 'Block WebSockets',
    does: 'Refuses upgrades for 20 s',
    incident: 'upgrade blocked',
  },
  {
    how: 'buffer',
    icon: 'hourglass',
    name: 'Buffer the stream',
    does: 'A proxy that holds back SSE for 20 s',
    incident: 'stream buffered',
  },
  {
    how: 'restart',
    icon: 'restart',
    name: 'Kill the server',
    does: 'SIGKILL, then a new process',
    incident: 'server killed',
  },
  { how: 'burst', icon: 'burst', name: 'Send 1,000 messages', does: 'As fast as they can be stored' },
]

const busy = signal<string | undefined>(undefined)

async function breakIt({ how, name, incident }: Way): Promise<void> {
  busy.value = how
  if (incident) broke(incident)
  try {
    const { count, through } = await api.breakIt(how)
    if (count !== undefined && through !== undefined) expectBurst(count, through)
  } catch (error) {
    // The answer may go down with the connection that it was asked to break.
    if (error instanceof Refusal) note(`${name}: ${error.message}`, 'bad')
  } finally {
    busy.value = undefined
  }
}

export function BreakIt() {
  return (
    <div class="breaks">
      {ways.map((way) => (
        <button
          key={way.how}
          type="button"
          class="break"
          data-break={way.how}
          disabled={busy.value === way.how}
          onClick={() => void breakIt(way)}
        >
          <Icon name={way.icon} />
          <b>{way.name}</b>
          <small>{way.does}</small>
        </button>
      ))}
    </div>
  )
}
