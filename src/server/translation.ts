import { decodeClientMessage } from '../protocol/decode.ts'
import { parseJson } from '../protocol/json.ts'
import type { ClientMessage, ServerMessage } from '../protocol/messages.ts'
import type { Asking } from '../session/guard.ts'
import type { Dialect, Heard, Speaker } from '../session/dialect.ts'
import { fitted, refusalOf } from '../session/refusal.ts'
import { readClientMessage, writeServerMessage } from './dialect.ts'
import { binaryFrame, deflateFrame, pingFrame, textFrame } from './formats/frames.ts'
import { translatedFormat } from './formats/translated.ts'

/** Nothing, one message of the protocol, or several; now or later. */
export type Said = void | undefined | ClientMessage | readonly ClientMessage[]

/** A WebSocket route of the application that speaks its own shapes. */
export interface SocketRoute<User = unknown> {
  /** The connection is open: what it is subscribed to at once, say. */
  open?(session: SocketSession<User>): Said | Promise<Said>
  /**
   * What a client's message (parsed JSON, or bytes) means. Absent: messages are those of the protocol. What the client
   * says meanwhile waits. What it throws is answered by `send` as an `error` message.
   */
  receive?(message: unknown, session: SocketSession<User>): Said | Promise<Said>
  /**
   * What a message of the server looks like: text and bytes are sent as they are, the rest as JSON, undefined not at
   * all. Called once per message for all connections of the route. Absent: messages are those of the protocol.
   */
  send?(message: ServerMessage): unknown
}

/** What a connection of a route was asked for with. */
export interface SocketHandshake extends Asking {
  readonly path: string
  /** What stands in the path for the `:names` of the route. */
  readonly params: Readonly<Record<string, string>>
}

/** One connection of a route; the same object for as long as it lives. */
export interface SocketSession<User = unknown> {
  /** Whom `authenticate` found; undefined for those who did not say who they are. */
  readonly user: User | undefined
  /** The handshake: its path, query and headers, and the host's own request. */
  readonly request: SocketHandshake
  /** Sends something of the application's own, as `send` of the route returns it. */
  send(message: unknown): void
  /** Does what a message of the protocol asks, as if the client had sent it. */
  obey(message: ClientMessage): void
  /** Ends the connection; `code` is 1000 (default) or one of the application's own from 3000 to 4999. */
  close(code?: number, reason?: string): void
}

/** The dialects of a route, with and without permessage-deflate; made once per route. */
export function routeDialects<User>(
  route: SocketRoute<User>,
  report: (error: unknown) => void,
): Readonly<Record<'plain' | 'deflate', Dialect>> {
  const plain = (message: ServerMessage): Uint8Array => {
    if (!route.send) return writeServerMessage(message)
    try {
      return foreignFrame(route.send(message))
    } catch (error) {
      report(error)
      return nothing
    }
  }
  const deflate = (message: ServerMessage): Uint8Array => {
    const frame = plain(message)
    return frame.length === 0
      ? frame
      : deflateFrame(Buffer.from(frame.buffer, frame.byteOffset, frame.length))
  }
  const read = (data: string | Uint8Array, speaker: Speaker): readonly Heard[] => {
    const { receive } = route
    if (!receive) return readClientMessage(data)
    return understood(report, () =>
      receive.call(route, typeof data === 'string' ? parseJson(data) : data, sessionOf<User>(speaker)),
    )
  }
  return {
    plain: { format: translatedFormat('route', plain), read, write: plain, ping: pingFrame },
    deflate: { format: translatedFormat('route-deflate', deflate), read, write: plain, ping: pingFrame },
  }
}

/** What a route wants done when a connection opens; told before anything else of it. */
export function openingOf<User>(
  route: SocketRoute<User>,
  speaker: Speaker,
  request: SocketHandshake,
  report: (error: unknown) => void,
): readonly Heard[] {
  const { open } = route
  sessions.set(speaker, newSession(speaker, request))
  return open ? understood(report, () => open.call(route, sessionOf<User>(speaker))) : []
}

const nothing = new Uint8Array(0)

function foreignFrame(message: unknown): Uint8Array {
  if (message === undefined) return nothing
  if (message instanceof Uint8Array) return binaryFrame(message)
  return textFrame(typeof message === 'string' ? message : JSON.stringify(message))
}

function understood(report: (error: unknown) => void, ask: () => Said | Promise<Said>): readonly Heard[] {
  const refused = (error: unknown): readonly Heard[] => [
    { kind: 'refused', error: refusalOf(error, report), ref: undefined },
  ]
  try {
    const said = ask()
    return said instanceof Promise ? [{ kind: 'later', heard: said.then(heardOf, refused) }] : heardOf(said)
  } catch (error) {
    return refused(error)
  }
}

// Channel names and the like come from the client: they pass the same border as the protocol's own messages.
function heardOf(said: Said): readonly Heard[] {
  const messages: readonly ClientMessage[] = said === undefined ? [] : isList(said) ? said : [said]
  return messages.map((message): Heard => {
    try {
      return { kind: 'message', message: decodeClientMessage(message) }
    } catch (error) {
      return { kind: 'refused', error: refusalOf(error, () => {}), ref: undefined }
    }
  })
}

function isList(said: ClientMessage | readonly ClientMessage[]): said is readonly ClientMessage[] {
  return Array.isArray(said)
}

const sessions = new WeakMap<Speaker, SocketSession<never>>()

function newSession(speaker: Speaker, request: SocketHandshake): SocketSession<never> {
  return {
    get user() {
      // Whatever `authenticate` answered is the route's user type.
      return speaker.principal.user as never
    },
    request,
    send: (message) => speaker.send(foreignFrame(message)),
    obey: (message) => speaker.obey(decodeClientMessage(message)),
    close: (code = 1000, reason = '') => speaker.close(code, fitted(reason)),
  }
}

function sessionOf<User>(speaker: Speaker): SocketSession<User> {
  const session = sessions.get(speaker)
  if (!session) throw new Error('a route hears nothing before it is open')
  return session
}
