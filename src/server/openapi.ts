import { version } from '../protocol/version.ts'
import type { Limits } from '../session/limits.ts'
import { answerJson } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { Kernel } from './kernel.ts'
import { paths } from './openapi/paths.ts'
import { json } from './openapi/answers.ts'
import { type Part, ref, schemas } from './openapi/schemas.ts'

/** The HTTP interface below `base`, with these limits, as an OpenAPI 3.1 description (PROTOCOL.md is normative). */
export function openapi(base: string, limits: Limits): Part {
  return {
    openapi: '3.1.1',
    info: {
      title: 'Everwire',
      version,
      summary: 'Channels over WebSocket, server-sent events and long-polling.',
      description:
        'You publish to a channel; every subscriber gets every message, in order, once. ' +
        'Clients ignore fields and message types that they do not know.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: base }],
    // Whoever is unknown may do what is open to all.
    security: [{}, { bearer: [] }],
    tags: ['messages', 'subscribing', 'requests', 'presence', 'operation'].map((name) => ({ name })),
    paths: paths(limits),
    components: {
      schemas: schemas(limits),
      responses: { Refusal: json('Another refusal, by its code.', ref('Refusal')) },
      headers: {
        'Retry-After': { description: 'Seconds to wait at least.', schema: { type: 'integer', minimum: 0 } },
      },
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: "Whatever the application's `authenticate` takes.",
        },
      },
    },
  }
}

/** `GET openapi.json`: for the base path by which it was asked. */
export async function serveOpenApi(kernel: Kernel, exchange: Exchange): Promise<void> {
  const [path = ''] = exchange.target.split('?')
  answerJson(exchange, 200, openapi(path.slice(0, -exchange.path.length) || '/', kernel.limits))
}
