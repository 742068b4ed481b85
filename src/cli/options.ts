import { parseArgs as tokensOf } from 'node:util'
import type { ArgDef, ArgsDef } from 'citty'
import { usage } from './failure.ts'
import { nearest } from './nearest.ts'

/**
 * Throws a usage Failure for whatever citty would let pass in silence: an unknown option, an option without its
 * value, a value where none belongs.
 */
export function checkOptions(rawArgs: readonly string[], defined: ArgsDef): void {
  const names = Object.entries(defined).filter(([, { type }]) => type !== 'positional')
  const options = Object.fromEntries(
    names.map(([name, arg]) => [
      name,
      { type: takesValue(arg.type) ? ('string' as const) : ('boolean' as const), ...short(arg) },
    ]),
  )
  const { tokens } = tokensOf({
    args: [...rawArgs],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const seen = new Set<string>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const option = options[token.name]
    if (!option) throw usage(unknown(token.rawName, token.name, Object.keys(options)))
    if (option.type === 'boolean' && token.value !== undefined)
      throw usage(`${token.rawName} takes no value; it is given "${token.value}".`)
    if (option.type === 'string') checkValue(token)
    if (seen.has(token.name)) throw usage(`--${token.name} is given twice.`)
    seen.add(token.name)
  }
}

function checkValue(token: {
  readonly rawName: string
  readonly value?: string | undefined
  readonly inlineValue?: boolean | undefined
}): void {
  const { rawName, value, inlineValue } = token
  // `--key --json` forgot the key; a key that begins with a dash is given as `--key=-x`.
  const isOption = value !== undefined && !inlineValue && value.length > 1 && value.startsWith('-')
  if (value === undefined || value === '' || isOption) {
    throw usage(
      `${rawName} needs a value${isOption ? `; for one that begins with "-" write ${rawName}=${value}` : ''}.`,
    )
  }
}

function unknown(rawName: string, name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  return near
    ? `There is no option ${rawName}. Did you mean --${near}?`
    : `There is no option ${rawName}. The options are ${known.map((option) => `--${option}`).join(', ')}.`
}

function short(arg: ArgDef): { readonly short?: string } {
  return 'alias' in arg && typeof arg.alias === 'string' ? { short: arg.alias } : {}
}

/** Whether an option of this type has a value after it. */
export function takesValue(type: string | undefined): boolean {
  return type === 'string' || type === 'enum'
}

/** A whole number of a given range from an option's text; undefined when the option is absent. */
export function wholeNumber(
  text: string | undefined,
  option: string,
  min: number,
  max: number,
): number | undefined {
  if (text === undefined) return undefined
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN
  if (value >= min && value <= max) return value
  throw usage(`${option} takes a whole number from ${min} to ${max}; it is given "${text}".`)
}
