import { PatternMap } from '../protocol/channel.ts'
import type { Schema } from './schema.ts'
import type { Contract } from './types.ts'

/**
 * A contract, checked: what channels carry, by pattern. Its type types both ends, and the server validates with
 * its schemas what crosses its border.
 *
 *     export const contract = defineContract({
 *       'pets/*': { events: { note: type<{ text: string }>() } },
 *     })
 *
 * A pattern is split on `/`; `*` matches one segment, a last `**` one or more. Throws an Error for anything else.
 */
export function defineContract<const C extends Contract>(contract: C): C {
  void new PatternMap(Object.entries(contract))
  return contract
}

/** A type that is promised and not validated: the data passes as it is. */
export function type<T>(): Schema<T> {
  return passing
}

// `validate` would have to be generic to say that it gives back the T that it was given.
const passing: Schema<never> & Schema<unknown> = {
  '~standard': { version: 1, vendor: 'everwire', validate: (value) => ({ value }) },
} as Schema<never> & Schema<unknown>
