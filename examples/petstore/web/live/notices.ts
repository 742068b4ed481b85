import { computed, signal } from '@preact/signals'
import type { Notice } from '../../domain.ts'
import { api } from '../api.ts'
import { follow } from './follow.ts'

const shownMs = 7_000
const toastsAtOnce = 3
const listed = 30

export const notices = signal<readonly Notice[]>([])
export const toasts = signal<readonly Notice[]>([])

const readThrough = signal(localStorage.getItem('notices-read') ?? '')
export const unread = computed(() => notices.value.filter(({ at }) => at > readThrough.value).length)

export function markRead(): void {
  readThrough.value = notices.value[0]?.at ?? readThrough.value
  localStorage.setItem('notices-read', readThrough.value)
}

export function dismiss(id: string): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id)
}

/** The list of the bell, and a toast for everything new. */
export function followNotices(): () => void {
  let stop = () => {}
  let isStopped = false
  async function load() {
    const page = await api.notices()
    if (isStopped) return
    notices.value = page.notices
    stop = follow({ after: page.position }, (wire, start, seen) => {
      const channel = wire.channel('notifications', start)
      channel.on(
        'message',
        seen(({ data }) => arrived(data)),
      )
      channel.on('gap', () => void api.notices().then((fresh) => (notices.value = fresh.notices)))
      return () => channel.leave()
    })
  }
  void load()
  return () => {
    isStopped = true
    stop()
  }
}

function arrived(notice: Notice): void {
  // What was written between position and list comes twice, as state and as message.
  if (notices.value.some(({ id }) => id === notice.id)) return
  notices.value = [notice, ...notices.value].slice(0, listed)
  toasts.value = [...toasts.value, notice].slice(-toastsAtOnce)
  setTimeout(() => dismiss(notice.id), shownMs)
}
