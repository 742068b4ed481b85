import { IncomingMessage, ServerResponse } from 'node:http'
import { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { NodeRequest, NodeResponse } from './request.ts'

/** What a route of Express, Fastify, Hono or node:http hands to its function, as Node's objects. */
export interface Hosted {
  readonly request: NodeRequest
  readonly response: NodeResponse
  /** What the application knows the request as: Express' and Node's `req`, Fastify's `request`, Hono's context. */
  readonly raw: unknown
  /** What the route's function answers, so that its host leaves the response alone. */
  readonly answer: unknown
}

/** What `wire.sse` may count on when a route says nothing more: the parameters of Express and Fastify. */
export interface RouteRequest {
  readonly params: Readonly<Record<string, string>>
}

/** A route's function that fits every host. */
export interface Route {
  /** Hono on @hono/node-server. */
  (context: { readonly req: { readonly raw: Request }; readonly env: unknown }): Response
  /** Express, Fastify, node:http, node:http2. */
  (request: unknown, response: unknown): void
}

/** Recognises the host by what it passes to a route. Throws an Error that says what to pass otherwise. */
export function hosted(first: unknown, second: unknown): Hosted {
  return fromNode(first, second) ?? fromFastify(first, second) ?? fromHono(first) ?? unknownHost()
}

// Express' req and res are Node's own, with other prototypes in between.
function fromNode(first: unknown, second: unknown): Hosted | undefined {
  if (!isRequest(first) || !isResponse(second)) return undefined
  return { request: first, response: second, raw: first, answer: undefined }
}

function fromFastify(request: unknown, reply: unknown): Hosted | undefined {
  const node = fromNode(field(request, 'raw'), field(reply, 'raw'))
  const hijack = field(reply, 'hijack')
  if (!node || typeof hijack !== 'function') return undefined
  Reflect.apply(hijack, reply, [])
  return { ...node, raw: request, answer: reply }
}

function fromHono(context: unknown): Hosted | undefined {
  const env = field(context, 'env')
  const node = fromNode(field(env, 'incoming'), field(env, 'outgoing'))
  return node && { ...node, raw: context, answer: alreadySent() }
}

// What @hono/node-server leaves alone. It puts a Response of its own in place of the global one, and writes that from a
// cache without looking at the mark; a clone is always the platform's.
function alreadySent(): Response {
  return new Response(null, { headers: { 'x-hono-already-sent': 'true' } }).clone()
}

function unknownHost(): never {
  throw new Error(
    'wire.sse() is a route of node:http, Express (req, res), Fastify (request, reply) or Hono on @hono/node-server (c)',
  )
}

function isRequest(value: unknown): value is NodeRequest {
  return value instanceof IncomingMessage || value instanceof Http2ServerRequest
}

function isResponse(value: unknown): value is NodeResponse {
  return value instanceof ServerResponse || value instanceof Http2ServerResponse
}

function field(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined
}
