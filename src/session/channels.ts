import type { Keep } from '../hub/start.ts'
import type { Rule } from '../log/log.ts'
import { PatternMap } from '../protocol/channel.ts'

/** Who may do something: everybody, nobody, or whom the application's function lets. */
export type Permission = boolean | ((user: unknown, channel: string) => boolean | Promise<boolean>)

/** What holds for the channels of one pattern. */
export interface ChannelRule {
  readonly keep: Keep
  readonly log: Rule
  readonly subscribe: Permission
  readonly publish: Permission
  readonly request: Permission
  readonly presence: boolean
}

/** Channels that begin with this belong to the server; nobody outside writes to them. */
export const serverPrefix = '$'
const presencePrefix = '$presence/'

/** The channel that holds the members of `channel`. */
export function presenceChannel(channel: string): string {
  return presencePrefix + channel
}

/** The channel whose members are in `channel`; undefined when it holds none. */
export function membersOf(channel: string): string | undefined {
  return channel.startsWith(presencePrefix) ? channel.slice(presencePrefix.length) : undefined
}

/** Members of a channel are kept for as long as they may be: what ends them is their leaving. */
const presenceRule: Rule = {
  keep: 'latest',
  ageMs: 365 * 86_400_000,
  count: 1_000,
  bytes: 16 * 1024 * 1024,
  tombstoneMs: 3_600_000,
}

/** The application's channel rules: the most specific pattern decides; a channel without a rule does not exist. */
export class ChannelTable {
  readonly #rules: PatternMap<ChannelRule>
  readonly #otherwise: ChannelRule
  readonly #open: boolean

  /** `otherwise` says how a channel without a rule is kept; with `open` it exists and everybody may use it. */
  constructor(
    rules: Iterable<readonly [pattern: string, rule: ChannelRule]>,
    otherwise: ChannelRule,
    open: boolean,
  ) {
    this.#rules = new PatternMap(rules)
    this.#otherwise = otherwise
    this.#open = open
  }

  /** The rule of an application's channel; undefined when it does not exist. */
  find(channel: string): ChannelRule | undefined {
    if (channel.startsWith(serverPrefix)) return undefined
    return this.#rules.match(channel)?.value ?? (this.#open ? this.#otherwise : undefined)
  }

  keep(channel: string): Keep {
    return membersOf(channel) === undefined ? (this.find(channel) ?? this.#otherwise).keep : 'latest'
  }

  /** What the log keeps of a channel. */
  log(channel: string): Rule {
    return membersOf(channel) === undefined ? (this.find(channel) ?? this.#otherwise).log : presenceRule
  }
}
