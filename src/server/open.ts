import { Hub } from '../hub/hub.ts'
import type { Log } from '../log/log.ts'
import { ApplicationGuard, type ApplicationGuardOptions } from '../session/guard-application.ts'
import type { Border } from '../session/border.ts'
import { Presence } from '../session/presence.ts'
import { Publisher } from '../session/publisher.ts'
import { Waits } from '../session/waits.ts'
import { Connections } from './connections.ts'
import type { Handlers } from './handlers.ts'
import type { Kernel } from './kernel.ts'
import { Tickets } from './tickets.ts'

/** What a kernel is made of: the checked options, and what of its surroundings it uses. */
export interface KernelParts
  extends
    Omit<ApplicationGuardOptions, 'deadline' | 'watched'>,
    Pick<Kernel, 'limits' | 'heartbeatMs' | 'retryMs' | 'compression' | 'clock' | 'refused' | 'report'> {
  readonly log: Log
  readonly border: Border
  readonly handlers: Handlers
  readonly requestTimeoutMs: number
  readonly draining: () => boolean
  /** Lets what this turn has sent so far leave. */
  readonly leave: () => void
}

/** A kernel over an open log. */
export async function openKernel(parts: KernelParts): Promise<Kernel> {
  const { log, channels, border, limits, clock, now, report, refused, heartbeatMs, retryMs, compression } =
    parts
  const hub = await Hub.open(log, (channel) => channels.keep(channel), {
    defer: (run) => void setImmediate(run),
    leave: parts.leave,
    later: (ms, run) => clock.later(ms, run),
    report,
  })
  const later = (ms: number, run: () => void) => clock.later(ms, run)
  const presence = new Presence({ hub, border, limits, elapsed: () => clock.elapsed(), later, report })
  const guard = new ApplicationGuard({
    ...parts,
    watched: (channel) => void presence.watched(channel).catch(report),
    deadline: (run) => clock.later(limits.authenticationMs, run),
  })
  return {
    hub,
    guard,
    border,
    limits,
    clock,
    waits: new Waits(clock),
    now,
    report,
    refused,
    heartbeatMs,
    retryMs,
    compression,
    publisher: new Publisher(hub, border, limits, now),
    handle: parts.handlers.serve({ border, clock, report, timeoutMs: parts.requestTimeoutMs }),
    presence,
    tickets: new Tickets(now),
    connections: new Connections(),
    get draining() {
      return parts.draining()
    },
  }
}
