import { EverwireError } from './codes.ts'

/** The deepest nesting that is accepted. */
export const maxJsonDepth = 64

/**
 * Parses untrusted JSON: at most `maxJsonDepth` levels, and no `__proto__` key reaches an object.
 * Throws `bad-json` or `too-deep`.
 */
export function parseJson(text: string): unknown {
  if (depthOf(text) > maxJsonDepth) {
    throw new EverwireError('too-deep', `the JSON is nested deeper than ${maxJsonDepth} levels: flatten it`)
  }
  try {
    return text.includes('__proto__') || text.includes('\\u') ? JSON.parse(text, dropProto) : JSON.parse(text)
  } catch (error) {
    throw new EverwireError('bad-json', `not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function dropProto(this: unknown, key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value
}

// Counts brackets outside strings before anything is built, so that depth costs no stack.
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (inString) {
      if (c === 0x5c) i++
      else if (c === 0x22) inString = false
    } else if (c === 0x22) inString = true
    else if (c === 0x7b || c === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (c === 0x7d || c === 0x5d) depth--
  }
  return deepest
}

/** Whether `value` is a plain object of JSON (not null, not an array). */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
