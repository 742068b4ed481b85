// One measurement: a server on CPU 0, the generator on CPU 1, and what the generator says about them.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Contestant } from './contestants.ts'
import { lab, loadPath } from './lab.ts'
import { freePorts, listening } from './ports.ts'
import type { Work } from './works.ts'

/** What the generator prints; docs in README.md. */
export type Result = Readonly<Record<string, number>>

/** A run whose figures mean nothing: something was lost, or did not work. */
export class Invalid extends Error {}

/** Throws Invalid. */
export async function measure(contestant: Contestant, work: Work): Promise<Result> {
  const began = performance.now()
  const port = await freePorts()
  const server = started(contestant, work, port)
  const said = collect(server)
  try {
    if (work.kind === 'script') return { ...(await saidBy(server, said)), tookMs: performance.now() - began }
    await listening(port, server)
    const pids = family(server.pid ?? 0)
    const result = checked(await generate(contestant, work, port, pids))
    return { ...result, ...printed(said.text), tookMs: performance.now() - began }
  } catch (error) {
    throw new Invalid(`${error instanceof Error ? error.message : String(error)}\n${said.text}`.trim())
  } finally {
    await stop(server)
  }
}

function started(contestant: Contestant, work: Work, port: number): ChildProcess {
  const [command = '', ...args] = contestant.command(port, work)
  // What measures itself may use the whole machine: it has no generator beside it.
  return pinned(work.kind === 'script' ? undefined : 0, command, args, {
    ...contestant.env,
    PORT: String(port),
    RATE: String(work.rate),
    BURST: String(work.burst),
    SIZE: String(work.size),
    CHANNELS: String(work.channels),
    // Starting is not measured; with the code kept between runs it is quicker.
    NODE_COMPILE_CACHE: join(lab, 'cache'),
  })
}

async function saidBy(server: ChildProcess, said: { readonly text: string }): Promise<Result> {
  const [code] = await once(server, 'close')
  if (code !== 0) throw new Invalid(`it ended with ${String(code)}`)
  return printed(said.text)
}

/** Figures that a server prints about itself: a line of JSON. */
function printed(text: string): Result {
  const line = text.split('\n').find((one) => one.startsWith('{"'))
  return line === undefined ? {} : JSON.parse(line)
}

const seconds = { 'fan-out': 0.3, churn: 0.8, idle: 0, late: 0.3, script: 0 } as const

async function generate(
  contestant: Contestant,
  work: Work,
  port: number,
  pids: readonly number[],
): Promise<Result> {
  const signal = contestant.publishesItself && work.kind === 'fan-out'
  const load = pinned(
    1,
    loadPath,
    [
      `--transport=${contestant.transport}`,
      `--port=${port}`,
      `--connections=${work.connections}`,
      `--pids=${pids.join(',')}`,
      `--window=${work.window}`,
      `--warm=${seconds[work.kind]}`,
      `--settle=${work.settle}`,
      `--rate=${work.rate}`,
      `--burst=${work.burst}`,
      `--size=${work.size}`,
      `--step=${work.channels}`,
      ...(work.kind === 'churn' ? ['--churn'] : []),
      ...(signal ? ['--signal'] : []),
      // The later of two of a name holds.
      ...contestant.load(port, work),
      ...(work.load ?? []),
      ...((await work.before?.(port, contestant.transport)) ?? []),
    ],
    {},
  )
  const said = collect(load)
  const [code] = await once(load, 'close')
  if (code !== 0) throw new Invalid(said.text.trim() || `the generator ended with ${String(code)}`)
  const result: Record<string, number> = JSON.parse(said.text.slice(said.text.indexOf('{')))
  const { bytesPerSecond = 0, perSecond = 0 } = result
  return perSecond > 0 ? { ...result, bytesPerDelivery: bytesPerSecond / perSecond } : result
}

const faults = ['lost', 'doubled', 'silent', 'dropped', 'failed', 'gaps', 'faults', 'refused'] as const

function checked(result: Result): Result {
  const found = faults.filter((name) => (result[name] ?? 0) !== 0).map((name) => `${name} ${result[name]}`)
  if (found.length > 0) throw new Invalid(found.join(', '))
  if (result['deliveries'] === 0) throw new Invalid('nothing was delivered')
  return result
}

function pinned(
  cpu: number | undefined,
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): ChildProcess {
  const cpus = cpu === undefined ? '0,1' : String(cpu)
  const child = spawn('taskset', ['-c', cpus, command, ...args], {
    cwd: lab,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A session of its own, which as root goes before whatever else the machine does.
    detached: true,
  })
  running.add(child)
  child.once('close', () => running.delete(child))
  try {
    writeFileSync(`/proc/${child.pid}/autogroup`, '-19')
  } catch {
    // Not root, or a kernel without: other work on the machine disturbs more, and equally.
  }
  return child
}

function collect(child: ChildProcess): { readonly text: string } {
  const said = { text: '' }
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (said.text = (said.text + text).slice(-4_000)))
  }
  return said
}

/** A process and its children: nginx works in one. */
function family(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return [pid, ...children.split(' ').filter(Boolean).map(Number)]
}

const running = new Set<ChildProcess>()

/** Ends whatever is being measured. */
export function stopAll(): void {
  for (const child of running) kill(child)
}

function kill({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return
  try {
    // Its group: nothing of it is to be left.
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself a moment ago.
  }
}

async function stop(server: ChildProcess): Promise<void> {
  if (!running.has(server)) return
  const closed = once(server, 'close')
  kill(server)
  await closed
}
