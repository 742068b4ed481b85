/**
 * What the probes and the server's own endpoints for them (`/wire/doctor/*`) say to each other. None of it touches a
 * channel, and none of it is normative: both ends come from one version, or the examination says that they do not.
 */
export const doctorVersion = 1

/** Where an address belongs; which one it is, is not told. */
export type AddressClass = 'loopback' | 'private' | 'public'

/** `GET about?probe=P`: how this request arrived. */
export interface About {
  readonly doctor: typeof doctorVersion
  /** The probe's own mark, as it arrived. */
  readonly probe: string
  /** Milliseconds since the Unix epoch by the server's clock. */
  readonly now: number
  readonly http: '1.0' | '1.1' | '2.0'
  readonly address: AddressClass
  /** Which of the headers that proxies add this request had. */
  readonly through: readonly string[]
  readonly lastEventId: string | undefined
  readonly cookie: boolean
  readonly heartbeatMs: number
  readonly messageBytes: number
}

/** `GET stream?probe=P&count=N&everyMs=M&silentMs=S`: events that say when they left. */
export interface Stamp {
  /** From 0 (`hello`) to `count`; one more for `awake`, after the silence. */
  readonly n: number
  /** Milliseconds since the first. */
  readonly at: number
  /** What came as `Last-Event-ID`; in the first. */
  readonly lastEventId?: string
}

/** `GET seen?probe=P`: as what a WebSocket handshake with this mark arrived here. */
export interface Seen {
  readonly arrived: 'handshake' | 'plain' | 'not'
}

/** `GET hold?probe=P&ms=N`: from when until when the answer was held, in milliseconds since the Unix epoch. */
export interface Held {
  readonly from: number
  readonly until: number
}

/** `POST post`: how a body arrived, and whose it seems to be (browsers name the origin of every POST). */
export interface Posted {
  readonly bytes: number
  /** What the rules say of this request's `Origin`. */
  readonly origin: 'none' | 'own' | 'listed' | 'foreign'
  /** Whether pages of the same host may connect, or only those of a list. */
  readonly origins: 'same-host' | 'list'
}

/** The cookie that a page sets, for the doctor's own path only, to see whether cookies arrive. */
export const probeCookie = 'everwire-doctor'

/** What the server grants a probe. */
export const probeLimits = {
  count: 50,
  everyMs: 1_000,
  /** The longest silence, and the longest hold of a poll. */
  silentMs: 180_000,
  postBytes: 2 * 1024 * 1024,
  /** Echoes of one WebSocket. */
  echoes: 100,
} as const

/** Above the 1 MiB that proxies commonly let through, below what the server reads: a batch of large messages. */
export const batchBytes = 1_250_000
