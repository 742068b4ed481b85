import { useEffect, useRef, useState } from 'preact/hooks'
import type { ChatMessage } from '../../domain.ts'
import { Fault, reason } from '../parts/fault.tsx'
import { Icon } from '../parts/icons.tsx'
import { hourAndMinute } from '../parts/time.ts'
import { visitor } from '../parts/visitor.tsx'
import type { Room } from './room.ts'

export function Conversation({ room }: { readonly room: Room }) {
  const talk = useRef<HTMLDivElement>(null)
  const messages = [...room.messages.value, ...room.pending.value]

  useEffect(() => {
    talk.current?.scrollTo({ top: talk.current.scrollHeight })
  }, [messages.length])

  return (
    <>
      {/* The conversation scrolls, so it takes the focus: else a keyboard could not read back. */}
      <div class="talk" ref={talk} role="log" aria-label="Conversation" tabIndex={0}>
        {messages.length === 0 && <p class="empty">Nothing said yet. Ask whatever you would like to know.</p>}
        {messages.map((message, index) => (
          <Said
            key={message.id ?? `${message.timestamp}-${index}`}
            message={message}
            follows={messages[index - 1]?.user === message.user && messages[index - 1]?.role === message.role}
            isPending={index >= room.messages.value.length}
          />
        ))}
      </div>
      <Typing users={room.typing.value} />
      <Compose room={room} />
    </>
  )
}

interface SaidProps {
  readonly message: ChatMessage
  readonly follows: boolean
  readonly isPending: boolean
}

function Said({ message, follows, isPending }: SaidProps) {
  const isMine = message.user === visitor.value?.name
  const classes = ['say', isMine && 'mine', follows && 'follows', isPending && 'pending']
    .filter(Boolean)
    .join(' ')
  return (
    <div class={classes}>
      {!follows && (
        <small>
          {isMine ? 'You' : message.user}
          {message.role === 'coordinator' && ', shelter'}
          {message.timestamp && ` · ${hourAndMinute(message.timestamp)}`}
        </small>
      )}
      <p>{message.text}</p>
    </div>
  )
}

function Typing({ users }: { readonly users: readonly string[] }) {
  return (
    <div class="typing" role="status">
      {users.length > 0 && (
        <>
          <span class="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {users.length === 1 ? `${users[0]} is typing` : `${users.slice(0, 3).join(', ')} are typing`}
        </>
      )}
    </div>
  )
}

function Compose({ room }: { readonly room: Room }) {
  const [text, setText] = useState('')
  const [fault, setFault] = useState<string>()

  async function send(event: Event) {
    event.preventDefault()
    const me = visitor.peek()
    const said = text.trim()
    if (!me || said === '') return
    setText('')
    setFault(undefined)
    try {
      await room.say(said, me)
    } catch (error) {
      // Nothing that was written is lost: it goes back to where it can be sent again.
      setText((now) => now || said)
      setFault(reason(error))
    }
  }

  function write(value: string) {
    setText(value)
    const me = visitor.peek()
    if (me && value !== '') room.type(me)
  }

  return (
    <>
      <Fault text={fault} />
      <form class="compose" onSubmit={(event) => void send(event)}>
        <input
          class="input"
          aria-label="Message"
          placeholder="Write a message"
          autoComplete="off"
          maxLength={1000}
          value={text}
          onInput={(event) => write(event.currentTarget.value)}
        />
        <button class="button" aria-label="Send" disabled={text.trim() === ''}>
          <Icon name="send" />
        </button>
      </form>
    </>
  )
}
