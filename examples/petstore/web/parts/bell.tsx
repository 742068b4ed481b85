import { markRead, notices, unread } from '../live/notices.ts'
import { Link } from '../router.tsx'
import { Icon } from './icons.tsx'
import { Popover } from './popover.tsx'
import { ago } from './time.ts'

export function Bell() {
  const count = unread.value
  return (
    <Popover
      label={count === 0 ? 'Notifications' : `Notifications, ${count} new`}
      buttonClass="icon-button"
      onOpen={markRead}
      button={
        <>
          <Icon name="bell" />
          {count > 0 && <span class="bell-count">{count > 9 ? '9+' : count}</span>}
        </>
      }
    >
      {(close) => (
        <>
          <h2>Notifications</h2>
          <ul class="notices">
            {notices.value.map((notice) => {
              const content = (
                <>
                  <b>
                    {notice.title} <time dateTime={notice.at}>{ago(notice.at)}</time>
                  </b>
                  <span>{notice.body}</span>
                </>
              )
              return (
                <li key={notice.id}>
                  {notice.href ? (
                    <Link to={notice.href} class="notice" onFollow={close}>
                      {content}
                    </Link>
                  ) : (
                    <div class="notice">{content}</div>
                  )}
                </li>
              )
            })}
          </ul>
          {notices.value.length === 0 && <p class="empty">Nothing yet.</p>}
        </>
      )}
    </Popover>
  )
}
