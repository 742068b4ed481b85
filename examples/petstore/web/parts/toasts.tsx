import { dismiss, toasts } from '../live/notices.ts'
import { Icon } from './icons.tsx'

/** The region stands from the start, so that screen readers watch it before the first toast comes. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, title, body }) => (
        <div class="toast" key={id}>
          <span>
            <Icon name="bell" />
          </span>
          <div>
            <b>{title}</b>
            <p>{body}</p>
          </div>
          <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => dismiss(id)}>
            <Icon name="close" size={16} />
          </button>
        </div>
      ))}
    </div>
  )
}
