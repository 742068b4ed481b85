import { codes, EverwireError } from '../protocol/codes.ts'
import { refusalOf } from '../session/refusal.ts'
import type { OriginRules } from '../session/origins.ts'
import { admitOrigin, admitPeer, answerOptions } from './cors.ts'
import type { Doctor } from './doctor/doctor.ts'
import { refuse } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { serveHealth, type Health } from './health.ts'
import { serveHistory } from './history.ts'
import type { Kernel } from './kernel.ts'
import { serveOpenApi } from './openapi.ts'
import { servePoll } from './poll.ts'
import { servePosition } from './position.ts'
import { serveChange, serveMembers } from './presence.ts'
import { servePublish } from './publish.ts'
import { assertUtf8 } from './query.ts'
import { serveRequest } from './request.ts'
import { refuseStream, serveSse } from './sse.ts'
import { serveTicket } from './ticket-request.ts'
import { serveWebSocket } from './websocket.ts'

/** A server as its requests see it: it may still be starting. */
export interface Site extends Pick<Kernel, 'limits' | 'refused' | 'report' | 'retryMs'> {
  readonly origins: OriginRules
  readonly health: () => Health
  /** Undefined: switched off. */
  readonly doctor: Doctor | undefined
  /** Runs once the server is open. Throws `store-unavailable` when it cannot open, `draining` when it has closed. */
  readonly work: <T>(run: (kernel: Kernel) => T | Promise<T>) => T | Promise<T>
}

/** Answers the exchange, now or as a stream. What it throws is answered as a refusal. */
export type Serve = (kernel: Kernel, exchange: Exchange) => void | Promise<void>

type Method = 'GET' | 'POST'
type Route = Readonly<Partial<Record<Method, Serve>>>

/** What is below the base path, besides `/healthz`. */
export const routes: Readonly<Record<string, Route>> = {
  '/ws': { GET: serveWebSocket },
  '/sse': { GET: serveSse, POST: serveSse },
  '/poll': { GET: servePoll, POST: servePoll },
  '/publish': { POST: servePublish },
  '/request': { POST: serveRequest },
  '/history': { GET: serveHistory },
  '/presence': { GET: serveMembers, POST: serveChange },
  '/position': { GET: servePosition },
  '/ticket': { POST: serveTicket },
  '/openapi.json': { GET: serveOpenApi },
}

/** Serves what is below the base path (PROTOCOL.md sections 6 to 8). Never throws. */
export function serve(site: Site, exchange: Exchange): void {
  answered(site, exchange, () => {
    const { doctor } = site
    if (doctor?.takes(exchange.path)) {
      admitPeer(site.origins, exchange)
      const work: Serve = (kernel) => doctor.serve(kernel, site.origins, exchange)
      const route = exchange.path === '/doctor/post' ? { POST: work } : { GET: work }
      return serveRoute(site, exchange, allowMethod(exchange, route))
    }
    admit(site, exchange)
    if (exchange.path === '/healthz') {
      allowMethod(exchange, { GET: () => {} })
      return serveHealth(site.health(), exchange)
    }
    const route = Object.hasOwn(routes, exchange.path) ? routes[exchange.path] : undefined
    if (!route) {
      throw new EverwireError(
        'not-found',
        `nothing is at ${exchange.path.slice(0, 80)}: see PROTOCOL.md for the paths`,
      )
    }
    if (exchange.method === 'OPTIONS') {
      return answerOptions(exchange, methodsOf(route))
    }
    return serveRoute(site, exchange, allowMethod(exchange, route))
  })
}

/** Serves a route of the application's own with what `work` does. Never throws. */
export function serveOwn(site: Site, exchange: Exchange, work: Serve): void {
  answered(site, exchange, () => {
    admit(site, exchange)
    return serveRoute(site, exchange, work)
  })
}

function serveRoute(site: Site, exchange: Exchange, work: Serve): void | Promise<void> {
  if (exchange.target.length > site.limits.targetBytes) {
    throw new EverwireError(
      'uri-too-long',
      `the URL has ${exchange.target.length} bytes; at most ${site.limits.targetBytes}: send a POST with a JSON body`,
    )
  }
  assertUtf8(exchange.target)
  return site.work((kernel) => work(kernel, exchange))
}

function admit(site: Site, exchange: Exchange): void {
  admitPeer(site.origins, exchange)
  admitOrigin(site.origins, exchange)
}

// A connect that has nothing to wait for is one pass, from the request to the greeting.
function answered(site: Site, exchange: Exchange, work: () => void | Promise<void>): void {
  try {
    work()?.catch((error: unknown) => answerRefusal(site, exchange, error))
  } catch (error) {
    answerRefusal(site, exchange, error)
  }
}

function answerRefusal(site: Site, exchange: Exchange, error: unknown): void {
  const refusal = refusalOf(error, site.report)
  const passes = codes[refusal.code].retry !== 'never'
  if (passes && exchange.path === '/sse') refuseStream(site, exchange, refusal)
  else refuse(site, exchange, refusal, headersOf(error))
}

class MethodError extends EverwireError {
  readonly allow: string
  constructor(method: string, allow: string) {
    super('method-not-allowed', `${method} does not belong here: use ${allow}`)
    this.allow = allow
  }
}

function headersOf(error: unknown): Readonly<Record<string, string>> {
  return error instanceof MethodError ? { allow: error.allow } : {}
}

function allowMethod(exchange: Exchange, route: Route): Serve {
  // A HEAD is a GET whose body Node leaves out.
  const { method } = exchange
  const work = method === 'GET' || method === 'HEAD' ? route.GET : method === 'POST' ? route.POST : undefined
  if (work) return work
  throw new MethodError(method, methodsOf(route).join(', '))
}

function methodsOf(route: Route): readonly string[] {
  return [...(route.GET ? ['GET', 'HEAD'] : []), ...(route.POST ? ['POST'] : []), 'OPTIONS']
}
