import { codes, type ErrorCode } from '../../protocol/codes.ts'
import type { Json } from '../../protocol/messages.ts'
import { type Part, ref } from './schemas.ts'

/** The answers of an operation: its own, what refuses it by status, and whatever else the table of errors has. */
export function answers(own: Part, refusals: readonly ErrorCode[]): Part {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of refusals) {
    const { status } = codes[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return {
    ...own,
    ...Object.fromEntries([...byStatus].map(([status, of]) => [String(status), refusal(of)])),
    default: { $ref: '#/components/responses/Refusal' },
  }
}

/** An answer of JSON. */
export function json(description: string, schema: Part): Part {
  return { description, content: { 'application/json': { schema } } }
}

/** A body of JSON. */
export function body(schema: Part, examples: readonly Json[] = []): Part {
  const shown = examples.length === 0 ? {} : { examples: named(examples) }
  return { required: true, content: { 'application/json': { schema, ...shown } } }
}

function named(examples: readonly Json[]): Part {
  return Object.fromEntries(examples.map((value, i) => [`example${i + 1}`, { value }]))
}

function refusal(of: readonly ErrorCode[]): Part {
  const passes = of.some((code) => codes[code].retry !== 'never')
  return {
    description: of.map((code) => `\`${code}\``).join(', '),
    ...(passes ? { headers: { 'Retry-After': { $ref: '#/components/headers/Retry-After' } } } : {}),
    content: { 'application/json': { schema: ref('Refusal') } },
  }
}
