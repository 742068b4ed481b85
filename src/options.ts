import { pino } from 'pino'
import * as z from 'zod'
import type { Contract } from './contract/types.ts'
import type { Log } from './log/log.ts'
import { ChannelTable, type ChannelRule, type Permission as AnyPermission } from './session/channels.ts'
import type { Asking } from './session/guard.ts'
import { defaultLimits, type Limits } from './session/limits.ts'
import type { OriginRules } from './session/origins.ts'

/** Everybody, nobody, or whom the function lets; `user` is undefined for those who did not say who they are. */
export type Permission<User> =
  | boolean
  | ((user: User | undefined, channel: string) => boolean | Promise<boolean>)

/** What holds for the channels of one pattern. Nobody may do anything that is not granted here. */
export interface ChannelOptions<User = unknown> {
  /** Every message (default), the latest of each slot, or none: signals, which are never stored. */
  keep?: 'all' | 'latest' | 'none'
  /** Messages older than this may go: milliseconds, or `'90s'`, `'15m'`, `'24h'`, `'7d'` (default 24 h; the latest of a slot never ages). */
  age?: string | number
  /** At most this many messages are kept, or slots (default 10,000). */
  count?: number
  /** At most this much data is kept: bytes, or `'512kB'`, `'64MB'`, `'1GB'` (default 64 MB). */
  bytes?: string | number
  /** `keep: 'latest'`: how long a removal is remembered (default 1 h). */
  tombstones?: string | number
  subscribe?: Permission<User>
  publish?: Permission<User>
  /** Who may ask what `wire.handle` answers. */
  request?: Permission<User>
  /** Whoever may subscribe may enter, and see who is there. */
  presence?: boolean
}

/** What of a logger is used; pino and console both fit. */
export interface Logger {
  error(details: object, message: string): void
  warn(details: object, message: string): void
}

export interface EverwireOptions<User = unknown, C extends Contract = Contract> {
  /** A folder or file for durable SQLite, or a log of your own. Absent: memory, which ends with the process. */
  store?: string | Log
  /**
   * Who asks. Return the user, or undefined for somebody unknown; throw to refuse. A user has an `id` or a `sub`,
   * or `userId` finds it; a number `exp` (seconds) ends the connection then.
   */
  authenticate?: (request: Asking) => User | undefined | null | Promise<User | undefined | null>
  userId?: (user: User) => string
  /** Patterns (`pets/*`, `logs/**`) and what holds for their channels; the most specific one decides. */
  channels?: Record<string, ChannelOptions<User>>
  /** What channels carry (`defineContract`): types this server, and validates what crosses its border. */
  contract?: C
  /** Exact origins whose pages may connect (`https://app.example`). Absent: pages of the same host only. */
  origins?: string[]
  /** Whether pages of those origins may send cookies (default: yes, but not with `'*'`). */
  credentials?: boolean
  limits?: Partial<Limits>
  /** Opens every channel to everybody and listens on loopback only. For development. */
  dev?: boolean
  /** Whether WebSockets and event streams may be compressed (default: no). */
  compression?: boolean
  /** Something is sent at least this often (default 25 s). */
  heartbeatMs?: number
  /** When a bare EventSource comes back, give or take a quarter (default 2 s). */
  retryMs?: number
  /** How long a handler may take (default 10 s). */
  requestTimeoutMs?: number
  /**
   * Whether the path from a client can be examined: the page `/wire/doctor` and `everwire doctor URL` (default: yes,
   * because it is wanted just when nothing can be changed). It reaches no channel, no user and no store, shows nothing
   * but how the caller's own requests arrive, and is limited for all callers together (docs/doctor.md).
   */
  doctor?: boolean
  /** Where faults go (default: pino on stderr, from warnings on). */
  logger?: Logger
}

const millisecondsIn: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}
const bytesIn: Readonly<Record<string, number>> = { B: 1, kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 }

/** A number, or text of a number and a unit. */
function quantity(units: Readonly<Record<string, number>>, example: string) {
  const names = Object.keys(units).join(', ')
  return z.union([z.number(), z.string()]).transform((given, context) => {
    const [, amount, unit = ''] = /^(\d+(?:\.\d+)?) ?([a-zA-Z]+)$/.exec(String(given)) ?? []
    const value = typeof given === 'number' ? given : Number(amount) * (units[unit] ?? NaN)
    if (Number.isFinite(value) && value > 0) return value
    context.addIssue(
      `${JSON.stringify(given)} is not a quantity: use a number and a unit of ${names}, as ${example}`,
    )
    return z.NEVER
  })
}

const duration = quantity(millisecondsIn, '"24h"')
const size = quantity(bytesIn, '"64MB"')
const count = z.int().positive()
const ms = z.number().positive()

function fn<T>(what: string) {
  return z.custom<T>((value) => typeof value === 'function', `takes a function: ${what}`)
}

const permission = z
  .custom<AnyPermission>(
    (value) => typeof value === 'boolean' || typeof value === 'function',
    'takes true, false or a function (user, channel) => boolean',
  )
  .default(false)

const channelOptions = z.strictObject({
  keep: z.enum(['all', 'latest', 'none']).default('all'),
  age: duration.optional(),
  count: count.default(10_000),
  bytes: size.default(64 * 1024 ** 2),
  tombstones: duration.default(3_600_000),
  subscribe: permission,
  publish: permission,
  request: permission,
  presence: z.boolean().default(false),
})

const limitNames = Object.keys(defaultLimits).join(', ')
const limits = z
  .partialRecord(z.string(), z.number().positive())
  .superRefine((given, context) => {
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(defaultLimits, name))
        context.addIssue(`there is no limit "${name}": known are ${limitNames}`)
    }
  })
  .transform((given): Limits => ({ ...defaultLimits, ...given }))

const origin = z.string().refine((text) => text === '*' || isOrigin(text), {
  error: ({ input }) =>
    `${JSON.stringify(input)} is not an origin: write scheme and host only, as "https://app.example"`,
})

const schema = z
  .strictObject({
    store: z
      .union([z.string().min(1), z.custom<Log>((value) => hasMethods(value, ['append', 'read', 'watch']))], {
        error: 'takes a path, or a log (memoryLog, sqliteLog or one of your own)',
      })
      .optional(),
    authenticate: fn<(asking: Asking) => unknown>('(request) => user').optional(),
    userId: fn<(user: unknown) => string>('(user) => id').optional(),
    channels: z.record(z.string().min(1), channelOptions).default({}),
    contract: z
      .custom<Contract>((value) => typeof value === 'object' && value !== null, 'takes a contract')
      .optional(),
    origins: z.array(origin).optional(),
    credentials: z.boolean().optional(),
    limits: limits.default(defaultLimits),
    dev: z.boolean().default(false),
    compression: z.boolean().default(false),
    heartbeatMs: ms.default(25_000),
    retryMs: ms.default(2_000),
    requestTimeoutMs: ms.default(10_000),
    doctor: z.boolean().default(true),
    logger: z
      .custom<Logger>((value) => hasMethods(value, ['error', 'warn']), 'takes an object with error and warn')
      .default(() => pino({ name: 'everwire', level: 'warn' }, pino.destination({ dest: 2, sync: true }))),
  })
  .refine(({ origins, credentials }) => !(origins?.includes('*') && credentials === true), {
    path: ['origins'],
    error:
      '"*" together with credentials would let every page act as your users: name the origins, or set credentials: false',
  })

/** The options, complete and checked. */
export type Config = z.infer<typeof schema>
type ChannelConfig = z.infer<typeof channelOptions>

/** The options with their defaults; throws an Error that names every option that is wrong and says what it takes. */
export function checkOptions<User, C extends Contract>(options: EverwireOptions<User, C>): Config {
  const checked = schema.safeParse(options)
  if (checked.success) return checked.data
  const lines = checked.error.issues.map(
    ({ path, message }) => `  ${path.join('.') || 'options'}: ${message}`,
  )
  throw new Error(`everwire(options) cannot start:\n${lines.join('\n')}`)
}

/** The channel rules of the options. */
export function channelTable({ channels, dev }: Config): ChannelTable {
  const open = channelOptions.parse({ subscribe: true, publish: true, request: true, presence: true })
  return new ChannelTable(
    Object.entries(channels).map(([pattern, rule]) => [pattern, ruleOf(rule, dev)] as const),
    ruleOf(open, dev),
    dev,
  )
}

const dayMs = 24 * 3_600_000
/** Longer than any clock runs, and a whole number to every store. */
const neverMs = Number.MAX_SAFE_INTEGER

// With `dev` a rule says how a channel is kept; what it does not grant is granted all the same.
function ruleOf(rule: ChannelConfig, dev: boolean): ChannelRule {
  const latest = rule.keep === 'latest'
  const {
    keep,
    age = latest ? neverMs : dayMs,
    count: kept,
    bytes,
    tombstones,
    subscribe,
    publish,
    request,
    presence,
  } = rule
  return {
    keep,
    log: { keep: latest ? 'latest' : 'all', ageMs: age, count: kept, bytes, tombstoneMs: tombstones },
    subscribe: dev || subscribe,
    publish: dev || publish,
    request: dev || request,
    presence: dev || presence,
  }
}

/** Whose pages may connect, by the options. */
export function originRules({ origins, credentials, dev }: Config): OriginRules {
  const all = origins?.includes('*') === true
  return { allowed: origins, credentials: credentials ?? !all, loopback: dev }
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    names.every((name) => typeof Reflect.get(value, name) === 'function')
  )
}

function isOrigin(text: string): boolean {
  return text === 'null' || (URL.canParse(text) && new URL(text).origin === text)
}
