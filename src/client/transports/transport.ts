import type { ErrorCode } from '../../protocol/codes.ts'
import type { ServerMessage, Start, WelcomeMessage } from '../../protocol/messages.ts'

export type TransportName = 'websocket' | 'sse' | 'poll'

/**
 * One way to the server. It opens, carries and ends; it never retries, times out or backs off: the machine does.
 */
export interface Transport {
  /**
   * Whether the channels of a connection are fixed when it is opened. Then another set needs another connection;
   * otherwise `subscribe` and `unsubscribe` are sent.
   */
  readonly fixed: boolean
  /** Begins to open. Never throws, and calls no handler before it has returned. */
  open(request: OpenRequest, handlers: Handlers): Connection
}

/** Where to ask, and as whom. */
export interface Access {
  /** `https://host/wire`, without a slash at the end. */
  readonly base: string
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly credentials: RequestCredentials | undefined
  /** Says who we are: an `Authorization` header, or the first message where headers cannot be sent. */
  readonly token: string | undefined
}

/** The channels of a fixed connection and where each begins, in the order to which floors refer. */
export type Starts = readonly Carried[]

export interface Carried {
  readonly name: string
  readonly start: Start
}

export interface OpenRequest extends Access {
  readonly starts: Starts
  /** There is no other transport that would hear why this one is refused. */
  readonly alone: boolean
}

/** What a connection tells. What comes after `ended` or `close()` is ignored, but for `answered`. */
export interface Handlers {
  /** The path is open, the server has not spoken yet: a handshake was answered, or headers have come. */
  head(): void
  /** The server has spoken. `position` is that of the whole of a fixed connection. Once. */
  opened(welcome: Partial<WelcomeMessage>, position?: string): void
  /** Bytes have come, whatever they say. */
  heard(): void
  /** `position`: where the whole of a fixed connection stands after this message. */
  received(message: ServerMessage, position?: string): void
  /** The answer to something sent by a request of its own, which may outlive the connection. */
  answered(message: ServerMessage): void
  ended(ending: Ending): void
}

export interface Connection {
  /** After `opened`; a fixed connection is given publishes only. What cannot be delivered is never answered, or answered with a passing `error`. */
  send(outgoing: Outgoing): void
  close(): void
}

/** A message as JSON text, written once: a repeat is the same to the byte. */
export interface Outgoing {
  readonly type: 'subscribe' | 'unsubscribe' | 'publish' | 'request' | 'presence' | 'auth' | 'ping'
  readonly ref?: number | undefined
  readonly text: string
}

/** How a connection ended. */
export interface Ending {
  /** What the server, or a refusal's status, asks for. */
  readonly retry: 'never' | 'now' | 'later'
  /** The server itself ended it, so that the transport is not to blame. */
  readonly told: boolean
  readonly code?: ErrorCode
  readonly message: string
  /** Milliseconds to wait at least. */
  readonly retryMs?: number
}
