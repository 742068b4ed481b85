import type { About, Posted, Seen } from './wire.ts'

/** Milliseconds. */
export interface Spread {
  readonly p50: number
  readonly max: number
}

/** What answers at the address. */
export type Reach =
  | {
      readonly kind: 'everwire'
      readonly about: About
      readonly roundTripMs: number
      /** How far the server's clock is ahead of this one, give or take half a round trip. */
      readonly skewMs: number
      /** The address that a redirect led to. */
      readonly redirected: boolean
      /** What proxies on the way say of themselves in the headers of the answer: `nginx/1.22.1`. */
      readonly shown: readonly string[]
    }
  /** An Everwire server without a doctor: switched off, or of another version. */
  | { readonly kind: 'off' }
  /** An Everwire server that does not want to be examined now. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'other'; readonly status: number; readonly type: string }
  | { readonly kind: 'unreachable'; readonly reason: string }

/** A WebSocket that was opened and spoken over. */
export type SocketProbe =
  | {
      readonly kind: 'works'
      readonly openMs: number
      readonly echoMs: Spread
      /** Whether the largest message came back whole. */
      readonly large: boolean
    }
  /** `arrived`: how the handshake reached the server, which remembers it; undefined when it cannot be asked. */
  | { readonly kind: 'refused'; readonly afterMs: number; readonly arrived: Seen['arrived'] | undefined }
  | { readonly kind: 'swallowed'; readonly openMs: number; readonly waitedMs: number }
  | { readonly kind: 'cut'; readonly afterMs: number; readonly code: number }

/** An event stream whose events say when they left. */
export type StreamProbe =
  | {
      readonly kind: 'delivered'
      readonly headMs: number
      readonly firstMs: number
      readonly sent: number
      readonly received: number
      /** From the first to the last event, when nothing holds them back. */
      readonly spanMs: number
      /** How much later than the head of the answer, or than the quickest event, they came. */
      readonly delayMs: Spread
      /** In how many pieces they came. */
      readonly pieces: number
      /** A compression that Everwire did not apply. */
      readonly encoding: string | undefined
    }
  | { readonly kind: 'refused'; readonly status: number; readonly type: string; readonly code?: string }
  | { readonly kind: 'silent'; readonly headMs: number | undefined; readonly waitedMs: number }
  | { readonly kind: 'failed'; readonly reason: string }

/** Something that was silent for a while on purpose. */
export type SilenceProbe =
  | { readonly kind: 'survived'; readonly ms: number }
  /** It was ended on the way, or what was said at its end never came. */
  | { readonly kind: 'cut'; readonly afterMs: number; readonly how: string }

export interface PostProbe {
  readonly bytes: number
  readonly ok: boolean
  /** 0: no answer. */
  readonly status: number
  /** Whether the server itself answered. */
  readonly byServer: boolean
  readonly posted?: Posted
}

/** What a request carries, and whether it arrives. */
export interface HeadersProbe {
  readonly lastEventId: boolean
  readonly query: boolean
}

/** What only a page can measure. */
export interface PageProbe {
  /** The browser's own EventSource: whether it came back after an end with the id it had. */
  readonly eventSource: 'resumes' | 'forgets' | 'blocked'
  /** The most requests of this page that were under way at the server at once, of `asked`. */
  readonly together: { readonly asked: number; readonly atOnce: number }
  readonly cookie: boolean
}

/** Everything that an examination has measured; what is undefined was not, because something before it had failed. */
export interface Measurements {
  readonly from: 'page' | 'command'
  /** Without credentials, query and fragment. */
  readonly url: string
  readonly reach: Reach
  /** The protocol between the client and whatever it talks to first: `h2`, `http/1.1`. */
  readonly front?: string | undefined
  readonly socket?: SocketProbe | undefined
  readonly stream?: StreamProbe | undefined
  /** The stream once more, without compression: only where it was compressed and held back. */
  readonly plainStream?: StreamProbe | undefined
  readonly headers?: HeadersProbe | undefined
  /** A long poll that is answered at once. */
  readonly poll?: SilenceProbe | undefined
  readonly posts?: readonly PostProbe[] | undefined
  readonly page?: PageProbe | undefined
  readonly idle?: {
    readonly wantedMs: number
    readonly socket?: SilenceProbe | undefined
    readonly stream?: SilenceProbe | undefined
    readonly hold?: SilenceProbe | undefined
  }
}
