import type { ParsedArgs } from 'citty'
import { type Manual, command } from '../command.ts'
import { usage } from '../failure.ts'

const args = {
  base: {
    type: 'string',
    valueHint: 'PATH',
    default: '/wire',
    description: 'the base path or URL of the server that it is for',
  },
} as const

const manual: Manual = {
  name: 'openapi',
  summary: 'print the OpenAPI description of the HTTP interface',
  operands: '',
  description: [
    'Prints the HTTP interface as OpenAPI 3.1 in JSON, for code generators, gateways and API browsers.',
    'A running server answers the same, with its own limits, at /wire/openapi.json.',
  ],
  examples: [
    ['everwire openapi > openapi.json', 'into a file'],
    ['everwire openapi --base https://example.com/wire', 'for a deployment'],
  ],
}

export const openapiCommand = command(manual, args, print)

async function print(given: ParsedArgs<typeof args>): Promise<void> {
  const [more] = given._
  if (more !== undefined) throw usage(`openapi takes no "${more}".`)
  // Loaded here, because the other commands are to start at once.
  const { openapi } = await import('../../server/openapi.ts')
  const { defaultLimits } = await import('../../session/limits.ts')
  process.stdout.write(`${JSON.stringify(openapi(given.base, defaultLimits), null, 2)}\n`)
}
