import { cpus } from 'node:os'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { isRecord } from '../../protocol/json.ts'
import { Failure, exit } from '../failure.ts'
import { checkReachable, unreachable } from '../target.ts'
import type { Terminal } from '../terminal.ts'
import type { CrowdReport, Refused } from './crowd-wire.ts'
import { Crowds } from './crowds.ts'
import { judge, perChannel } from './judge.ts'
import type { Result } from './measured.ts'
import { type Plan, clientsOf } from './plan.ts'
import { Progress } from './progress.ts'
import { Publisher } from './publisher.ts'
import { resultOf } from './result.ts'
import type { Usage, Watched } from './server-process.ts'

/** Looked at so often with nothing new, what no subscriber got is lost; who is away by then does not come back. */
const quiet = { looks: 20, looksForAway: 60 } as const
const lookMs = 250
/** What comes twice may come after what comes once. */
const afterMs = 250
const sampleMs = 500

/**
 * Runs a load to its end, or until `stopped`; what it has measured so far is the result, undefined when it has not begun.
 * Throws a Failure when the server cannot be reached, or refuses what a load needs.
 */
export async function bench(
  plan: Plan,
  watched: Watched | undefined,
  terminal: Terminal,
  stopped: AbortSignal,
): Promise<Result | undefined> {
  const publisher = new Publisher(plan)
  await tryOut(plan, publisher)
  const crowds = new Crowds(plan)
  try {
    const connecting = crowds.connected()
    terminal.note({ type: 'connecting', clients: clientsOf(plan).length }, () =>
      terminal.noteStyle('dim', `connecting ${clientsOf(plan).length.toLocaleString('en')} clients ...`),
    )
    const refused = await Promise.race([connecting, aborted(stopped)])
    if (!refused) return undefined
    if (refused.length === clientsOf(plan).length) throw noneServed(plan, refused)
    return await load(plan, { publisher, crowds, watched, refused }, terminal, stopped)
  } finally {
    await crowds.end()
  }
}

interface Running {
  readonly publisher: Publisher
  readonly crowds: Crowds
  readonly watched: Watched | undefined
  readonly refused: readonly Refused[]
}

async function load(
  plan: Plan,
  { publisher, crowds, watched, refused }: Running,
  terminal: Terminal,
  stopped: AbortSignal,
): Promise<Result> {
  const usages: Usage[] = []
  const sample = async () => {
    const usage = await watched?.usage()
    if (usage) usages.push(usage)
  }
  await sample()
  const idle = performance.eventLoopUtilization()
  const machine = processorTime()
  const delay = monitorEventLoopDelay({ resolution: 10 })
  const began = performance.now()
  let phase: 'publishing' | 'waiting' = 'publishing'
  const progress = new Progress(terminal, () => ({
    phase,
    secondsLeft: Math.max(0, plan.seconds - (performance.now() - began) / 1e3),
    clients: crowds.progress.live,
    published: publisher.published,
    delivered: crowds.progress.received,
    cut: crowds.progress.cut,
  }))
  const sampler = setInterval(() => void sample(), sampleMs)
  delay.enable()
  crowds.tell({ type: 'begin' })
  progress.begin()
  try {
    await publisher.run(stopped)
    phase = 'waiting'
    crowds.tell({ type: 'calm' })
    const { utilization } = performance.eventLoopUtilization(idle)
    delay.disable()
    const machineBusy = busyShare(machine, processorTime())
    const { reports, at } = await settled(plan, publisher, crowds, stopped)
    clearInterval(sampler)
    await sample()
    const server = watched && usages.length > 1 ? { name: watched.name, usages } : undefined
    return resultOf({
      plan,
      publisher,
      reports,
      refused,
      interrupted: stopped.aborted,
      seconds: (at - began) / 1e3,
      server,
      busy: utilization,
      delayP99Ms: delay.percentile(99) / 1e6,
      machineBusy,
    })
  } finally {
    clearInterval(sampler)
    progress.end()
  }
}

interface ProcessorTime {
  readonly idle: number
  readonly all: number
}

function processorTime(): ProcessorTime {
  const times = cpus().map((cpu) => cpu.times)
  const idle = times.reduce((sum, time) => sum + time.idle, 0)
  return { idle, all: times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, idle) }
}

function busyShare(before: ProcessorTime, after: ProcessorTime): number {
  const all = after.all - before.all
  return all > 0 ? 1 - (after.idle - before.idle) / all : 0
}

/** Waits until everything that is owed has come, or nothing comes any more. */
async function settled(
  plan: Plan,
  publisher: Publisher,
  crowds: Crowds,
  stopped: AbortSignal,
): Promise<{ readonly reports: readonly CrowdReport[]; readonly at: number }> {
  const published = perChannel(publisher.published, plan.channels.length)
  let at = performance.now()
  let before = -1
  // Looks are counted, not seconds: where the machine stands still, nothing is lost yet.
  for (let looks = 0; ; looks++) {
    const reports = await crowds.report(published)
    const { lost, away, told, expected, delivered } = judge(publisher, plan.channels.length, reports)
    if (delivered !== before) [before, looks, at] = [delivered, 0, performance.now()]
    const back = reports.every(({ subscribers }) => subscribers.every(({ live, refused }) => live || refused))
    if (back && lost + away === 0 && delivered + told === expected) {
      await pause(afterMs)
      return { reports: await crowds.report(published), at }
    }
    if (looks >= (back || stopped.aborted ? quiet.looks : quiet.looksForAway)) return { reports, at }
    await pause(lookMs)
  }
}

/** Whether the server takes and shows what a load needs, asked once instead of by every client. */
async function tryOut(plan: Plan, publisher: Publisher): Promise<void> {
  const url = new URL(plan.base)
  await checkReachable(url)
  const [channel = ''] = plan.channels
  const tried = await publisher.tryOut(channel)
  if ('retry' in tried) {
    if (tried.code !== undefined)
      throw new Failure(`The server refuses to publish to ${channel}: ${tried.message}`, exit.failed, {
        code: tried.code,
      })
    throw new Failure(
      `${plan.base} does not answer a publish as Everwire does (${tried.message}). Does the URL name the server's base path?`,
      exit.failed,
    )
  }
  const keeps = await kept(plan, channel, url)
  if (tried.id === undefined || keeps === 'latest') {
    throw new Failure(
      `${channel} does not keep every message (keep: '${keeps === 'latest' ? 'latest' : 'none'}'), so nobody can tell what is lost. Choose another --channel.`,
      exit.failed,
    )
  }
}

/** What a channel keeps, by its newest message. */
async function kept({ base, token }: Plan, channel: string, url: URL): Promise<'latest' | 'all' | 'nothing'> {
  const answer = await fetch(
    `${base}/history?order=backward&limit=1&channel=${encodeURIComponent(channel)}`,
    {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(10_000),
    },
  ).catch((error: unknown) => {
    throw unreachable(url, error)
  })
  const body: unknown = await answer.json().catch(() => undefined)
  const error = isRecord(body) && isRecord(body['error']) ? body['error'] : undefined
  if (error)
    throw new Failure(
      `The server refuses to subscribe to ${channel}: ${String(error['message'])}`,
      exit.failed,
      {
        code: String(error['code']),
      },
    )
  const messages: unknown = isRecord(body) ? body['messages'] : undefined
  const newest: unknown = Array.isArray(messages) ? messages[0] : undefined
  if (!isRecord(newest)) return 'nothing'
  return newest['slot'] === undefined ? 'all' : 'latest'
}

function noneServed(plan: Plan, refused: readonly Refused[]): Failure {
  const [first] = refused
  const { code, message = '', transport = '' } = first ?? {}
  return new Failure(
    `None of the ${refused.length} clients is served at ${plan.base}. Over ${transport}: ${message}`,
    code === undefined ? exit.unreachable : exit.failed,
    code === undefined ? {} : { code },
  )
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}
