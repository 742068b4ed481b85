import { useState } from 'preact/hooks'
import { api } from '../api.ts'
import { FormEnd } from './form-end.tsx'
import { useSubmit } from './use-submit.ts'

export function NoticeForm() {
  const [title, setTitle] = useState('')
  const [body, setBody] = useState('')
  const { submit, ...progress } = useSubmit(async () => {
    await api.notify(title, body)
    setTitle('')
    setBody('')
  })

  return (
    <form class="form" onSubmit={submit}>
      <label class="field">
        <span>Title</span>
        <input
          class="input"
          required
          maxLength={80}
          placeholder="Open house on Sunday"
          value={title}
          onInput={(event) => setTitle(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>Message</span>
        <textarea
          class="input"
          required
          maxLength={280}
          placeholder="Come by between ten and four"
          value={body}
          onInput={(event) => setBody(event.currentTarget.value)}
        />
      </label>
      <FormEnd action="Send notification" done="Sent to everybody" {...progress} />
    </form>
  )
}
