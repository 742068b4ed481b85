import { effect, signal, type ReadonlySignal } from '@preact/signals'
import { presence } from 'everwire/client'
import type { ChatMessage, Present, Visitor } from '../../domain.ts'
import { wire } from '../live/connection.ts'
import { follow } from '../live/follow.ts'

const typingShownMs = 3_000
/** Often enough that the sign stays while somebody types, and no more. */
const typingEveryMs = 1_500
const loaded = 50

/** One conversation about a pet: what was said, what is being sent, who is there and who is typing. */
export class Room {
  readonly messages = signal<readonly ChatMessage[]>([])
  readonly pending = signal<readonly ChatMessage[]>([])
  readonly typing = signal<readonly string[]>([])
  readonly present = signal<readonly Present[]>([])
  readonly #petId: string
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>()
  #typedAt = 0

  constructor(petId: string) {
    this.#petId = petId
  }

  /** Enters as this visitor; answers what leaves the room. */
  enter(me: ReadonlySignal<Visitor | undefined>): () => void {
    const stops = [
      follow({ last: loaded }, (current, start, seen) => {
        const chat = current.channel(`chat/${this.#petId}`, start)
        const said = ({ data, time }: { readonly data: ChatMessage; readonly time: number }) =>
          this.#said({ ...data, timestamp: data.timestamp ?? new Date(time).toISOString() })
        chat.on('message', seen(said))
        const unwatch = presence(chat).on('change', (members) => (this.present.value = [...members.values()]))
        const unshow = effect(() => {
          if (!me.value) return
          const { name, role } = me.value
          // Approximate anyway: whoever could not be shown is shown at the next connection.
          presence(chat)
            .enter({ name, role })
            .catch(() => {})
        })
        return () => {
          unshow()
          unwatch()
          presence(chat)
            .leave()
            .catch(() => {})
          chat.leave()
        }
      }),
      follow({}, (current, _start, seen) => {
        const signs = current.channel(`typing/${this.#petId}`)
        const typed = ({ data }: { readonly data: { readonly user: string } }) => {
          if (data.user !== me.peek()?.name) this.#types(data.user)
        }
        signs.on('typing', seen(typed))
        return () => signs.leave()
      }),
    ]
    return () => {
      for (const stop of stops) stop()
      for (const timer of this.#timers.values()) clearTimeout(timer)
    }
  }

  /** Shown at once and sent when there is a connection; fulfilled when the server has taken it. */
  async say(text: string, { name, role }: Visitor): Promise<void> {
    const id = crypto.randomUUID()
    const message: ChatMessage = {
      type: 'message',
      id,
      text,
      user: name,
      role,
      timestamp: new Date().toISOString(),
    }
    this.pending.value = [...this.pending.value, message]
    this.#typedAt = 0
    try {
      await wire.value.channel(`chat/${this.#petId}`).publish('message', message, { key: id })
    } catch (error) {
      this.#settled(id)
      throw error
    }
  }

  /** The visitor is typing. */
  type({ name }: Visitor): void {
    if (Date.now() - this.#typedAt < typingEveryMs) return
    this.#typedAt = Date.now()
    // A sign that gets lost is no loss: the next one follows.
    void wire.value
      .channel(`typing/${this.#petId}`)
      .publish('typing', { type: 'typing', user: name })
      .catch(() => {})
  }

  #said(message: ChatMessage): void {
    if (message.id !== undefined) this.#settled(message.id)
    this.messages.value = [...this.messages.value, message]
    this.#stopped(message.user)
  }

  #settled(id: string): void {
    this.pending.value = this.pending.value.filter((message) => message.id !== id)
  }

  #types(user: string): void {
    clearTimeout(this.#timers.get(user))
    this.#timers.set(
      user,
      setTimeout(() => this.#stopped(user), typingShownMs),
    )
    if (!this.typing.value.includes(user)) this.typing.value = [...this.typing.value, user]
  }

  #stopped(user: string): void {
    clearTimeout(this.#timers.get(user))
    this.#timers.delete(user)
    this.typing.value = this.typing.value.filter((each) => each !== user)
  }
}
