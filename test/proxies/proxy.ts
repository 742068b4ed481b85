import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { listening } from '../support/port.ts'
import { launches, type Place } from './launch.ts'
import { programs, type ProxyName } from './programs.ts'

/** A proxy that runs. */
export interface Proxy {
  readonly port: number
  /** Ends it, and removes its folder. */
  stop(): Promise<void>
  /** Kills it as a crash would, and starts it again on the same port. */
  restart(): Promise<void>
}

export interface Wanted {
  readonly proxy: ProxyName
  /** Its configuration; files besides it are to be put into the place's folder. */
  readonly config: (place: Place) => string | Promise<string>
  readonly files?: Readonly<Record<string, string>>
  /** Whether it speaks TLS. */
  readonly secure?: boolean
  /** Whether it is asked for the origin by its URL, as browsers ask the proxy of a network. */
  readonly forward?: boolean
  readonly origin: number
  /** What the origin answers to `GET /origin`: by that the proxy is known to be the one that was started. */
  readonly token: string
}

const running = new Set<ChildProcess>()
// A run that is interrupted leaves none behind, nor, on Linux, one that is killed.
process.on('exit', () => running.forEach((child) => kill(child, 'SIGKILL')))
const setpriv = '/usr/bin/setpriv'
const withParent = existsSync(setpriv) ? [setpriv, '--pdeathsig', 'TERM'] : []

/** Starts a proxy on a port that was free, and waits until it reaches its origin. Throws what it printed if it does not. */
export async function startProxy(wanted: Wanted): Promise<Proxy> {
  let last: unknown
  // Somebody else may take the port between the asking and the starting.
  for (let attempt = 0; attempt < 5; attempt++) {
    const folder = await mkdtemp(join(tmpdir(), `everwire-${wanted.proxy}-`))
    // Those that are started as root work as somebody else.
    await chmod(folder, 0o777)
    const port = await freePort()
    try {
      let child = await started(wanted, { listen: port, origin: wanted.origin, folder })
      return {
        port,
        async stop() {
          await ended(child, 'SIGTERM')
          await rm(folder, { recursive: true, force: true, maxRetries: 3 })
        },
        async restart() {
          await ended(child, 'SIGKILL')
          child = await startedAgain(wanted, { listen: port, origin: wanted.origin, folder })
        },
      }
    } catch (error) {
      last = error
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
      if (!isTaken(error)) break
    }
  }
  throw last
}

function isTaken(error: unknown): boolean {
  return /in use|could not bind/i.test(String(error))
}

/** On the port it had: its workers may still be dying on that, or a client have met itself there. */
async function startedAgain(wanted: Wanted, place: Place): Promise<ChildProcess> {
  const deadline = Date.now() + 15_000
  for (;;) {
    try {
      return await started(wanted, place)
    } catch (error) {
      if (!isTaken(error) || Date.now() > deadline) throw error
      await wait(100)
    }
  }
}

async function started(wanted: Wanted, place: Place): Promise<ChildProcess> {
  const program = programs[wanted.proxy]
  if (!program) throw new Error(`no ${wanted.proxy} here`)
  const { files, args, env } = launches[wanted.proxy](program, place)
  const all = { ...files, ...wanted.files, config: `${await wanted.config(place)}\n` }
  for (const [name, text] of Object.entries(all)) await writeFile(join(place.folder, name), text)
  const [command = '', ...rest] = [...withParent, program.path, ...args]
  const child = spawn(command, rest, {
    cwd: place.folder,
    env: { ...process.env, ...env, LD_LIBRARY_PATH: program.libraries.join(':') },
    stdio: ['ignore', 'pipe', 'pipe'],
    // In a group of its own: some leave workers behind when only their master is killed.
    detached: true,
  })
  running.add(child)
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (printed += String(text)))
  let broken: Error | undefined
  child.once('error', (error) => (broken = error))
  const deadline = Date.now() + 20_000
  while (child.exitCode === null && !broken && Date.now() < deadline) {
    if ((await tokenOf(place, wanted)) === wanted.token) return child
    await wait(20)
  }
  await ended(child, 'SIGKILL')
  const logs = await Promise.all(
    ['error.log', 'cache.log'].map((name) => readFile(join(place.folder, name), 'utf8').catch(() => '')),
  )
  throw new Error(`${wanted.proxy} has not started: ${broken?.message ?? ''}${[printed, ...logs].join('\n')}`)
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const over = once(child, 'exit')
    const late = setTimeout(() => kill(child, 'SIGKILL'), 3_000)
    kill(child, signal)
    await over
    clearTimeout(late)
  }
  // Whom the master has left behind.
  kill(child, 'SIGKILL')
  running.delete(child)
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** A port of loopback that nobody has now. */
async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** What `GET /origin` is answered with; undefined while nobody answers. */
function tokenOf({ listen: port, origin }: Place, { secure, forward }: Wanted): Promise<string | undefined> {
  return new Promise((resolve) => {
    const path = forward ? `http://127.0.0.1:${origin}/origin` : '/origin'
    const options = { host: '127.0.0.1', port, path, agent: false, timeout: 1_000 }
    const asked = secure ? secureRequest({ ...options, rejectUnauthorized: false }) : request(options)
    asked.on('response', (answer) => {
      let text = ''
      answer.on('data', (chunk) => (text += String(chunk)))
      answer.on('end', () => resolve(text))
      answer.on('error', () => resolve(undefined))
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(undefined))
    asked.end()
  })
}
