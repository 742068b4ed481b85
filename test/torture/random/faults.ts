import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { ChaosProxy, Treatment } from '../../support/chaos-proxy.ts'
import type { Abilities, SmallDisk } from './machine.ts'
import { pause } from './publishers.ts'
import type { Victim } from './victim.ts'

/** What a fault may lay hands on. */
export interface Scene {
  readonly random: () => number
  readonly proxy: ChaosProxy
  readonly victim: Victim
  readonly disk: SmallDisk | undefined
  /** Readers that know several ways take the next. */
  readonly change: () => void
  /** Nothing is published until it is called again. */
  readonly hush: () => () => void
}

export interface Fault {
  readonly name: string
  readonly is: string
  /** How often it comes, beside the others. */
  readonly weight: number
  /** Why not here: what is missing. */
  readonly missing?: (abilities: Abilities, store: 'sqlite' | 'memory') => string | undefined
  readonly strike: (scene: Scene) => Promise<void> | void
}

const noFile = (store: string) => (store === 'memory' ? 'a log in memory has no file' : undefined)
const reason = (able: unknown) => (typeof able === 'string' ? able : undefined)

/** For a while connections that come are treated so; those that are there are reset. */
function treat(treatment: Treatment, ms: number, share = 1) {
  return async ({ proxy, random }: Scene) => {
    proxy.treatment = treatment
    proxy.reset(() => random() < share)
    await pause(ms)
    proxy.treatment = 'pass'
  }
}

async function restart(victim: Victim, signal: 'SIGKILL' | 'SIGTERM', awayMs: number): Promise<void> {
  await victim.end(signal)
  await pause(awayMs)
  await victim.start()
}

export const faults: readonly Fault[] = [
  {
    name: 'reset',
    is: 'connections are reset (RST), all or some',
    weight: 3,
    strike: ({ proxy, random }) => {
      const share = random() < 0.3 ? 1 : random()
      proxy.reset(() => random() < share)
    },
  },
  {
    name: 'half-open',
    is: 'connections go dark in both directions, and nobody is told',
    weight: 1,
    strike: ({ proxy, random }) => proxy.blackhole('both', () => random() < 0.6),
  },
  {
    name: 'half-open-up',
    is: 'what clients say is not heard any more',
    weight: 1,
    strike: ({ proxy, random }) => proxy.blackhole('up', () => random() < 0.5),
  },
  {
    name: 'half-open-down',
    is: 'what the server says is not heard any more',
    weight: 1,
    strike: ({ proxy, random }) => proxy.blackhole('down', () => random() < 0.5),
  },
  {
    name: 'cut-frame',
    is: 'connections are reset in the middle of a frame',
    weight: 2,
    strike: ({ proxy }) => proxy.cutInMidFrame(),
  },
  {
    name: 'cut-ack',
    is: 'a publish is applied, and the connection reset before the answer',
    weight: 3,
    strike: ({ proxy, random }) => proxy.cutAnswer(() => random() < 0.6),
  },
  {
    name: 'cut-replay',
    is: 'connections are reset in the middle of what they missed',
    weight: 2,
    strike: async ({ proxy, random }) => {
      proxy.reset()
      proxy.cutAfter(() => 300 + random() * 30_000)
      await pause(300)
      proxy.cutAfter(undefined)
    },
  },
  {
    name: 'ten-drops',
    is: 'ten drops, one after the other, and nothing published between them',
    weight: 0.5,
    strike: async ({ proxy, hush }) => {
      const goOn = hush()
      for (let i = 0; i < 10; i++) {
        proxy.reset()
        await pause(40)
      }
      goOn()
    },
  },
  {
    name: 'drop-first',
    is: 'new connections are reset after the first bytes of the server',
    weight: 2,
    strike: treat('first-only', 250),
  },
  {
    name: 'refuse',
    is: 'new connections are refused',
    weight: 1,
    strike: treat('refuse', 150, 0.5),
  },
  {
    name: 'swallow',
    is: 'new connections are taken, and nothing is answered',
    weight: 0.5,
    strike: treat('swallow', 200, 0.5),
  },
  {
    name: 'switch',
    is: 'readers change the transport in mid-stream',
    weight: 2,
    strike: ({ change }) => change(),
  },
  {
    name: 'pause',
    is: 'nothing passes for a while',
    weight: 2,
    strike: async ({ proxy, random }) => {
      proxy.pause()
      await pause(100 + random() * 400)
      proxy.resume()
    },
  },
  {
    name: 'stop',
    is: 'SIGSTOP, and SIGCONT later',
    weight: 2,
    strike: async ({ victim, random }) => {
      victim.stop()
      await pause(100 + random() * 300)
      victim.goOn()
    },
  },
  {
    name: 'kill',
    is: 'kill -9 and a restart',
    weight: 1,
    strike: ({ victim, random }) => restart(victim, 'SIGKILL', random() * 100),
  },
  {
    name: 'term',
    is: 'SIGTERM and a restart',
    weight: 0.5,
    strike: ({ victim, random }) => restart(victim, 'SIGTERM', random() * 100),
  },
  {
    name: 'proxy-buffers',
    is: 'a proxy holds event streams back until they end',
    weight: 0.5,
    strike: treat('hold', 400, 0.5),
  },
  {
    name: 'proxy-strips',
    is: 'a proxy strips upgrades',
    weight: 1,
    strike: treat('no-upgrade', 400, 0.5),
  },
  {
    name: 'proxy-cuts-idle',
    is: 'a proxy cuts connections on which nothing comes for 100 ms',
    weight: 1,
    strike: async ({ proxy }) => {
      proxy.idleMs = 100
      await pause(500)
      proxy.idleMs = Infinity
    },
  },
  {
    name: 'proxy-repeats',
    is: 'a proxy sends POSTs twice',
    weight: 2,
    strike: treat('repeat-post', 500),
  },
  {
    name: 'clock',
    is: 'the clock of the day is set an hour forward, or back',
    weight: 1,
    missing: ({ fakeTime }) => reason(fakeTime),
    strike: async ({ victim, random }) => {
      victim.setClock(Math.floor(random() * 3 - 1) * 3_600)
      await pause(1_000)
    },
  },
  {
    name: 'disk-full',
    is: 'the disk is full, and has room again',
    weight: 0.5,
    missing: ({ mount }, store) => noFile(store) ?? reason(mount),
    strike: async ({ disk, random }) => {
      disk?.fill()
      await pause(200 + random() * 600)
      disk?.free()
    },
  },
  {
    name: 'fsync',
    is: 'fsync fails, and the server is restarted',
    weight: 0.3,
    missing: ({ strace }, store) => noFile(store) ?? reason(strace),
    strike: async ({ victim, random }) => {
      victim.doubt()
      const which = 'fsync,fdatasync'
      const args = ['-f', '-p', `${victim.pid}`, '-o', '/dev/null', '-e', `trace=${which}`]
      const strace = spawn('strace', [...args, '-e', `inject=${which}:error=EIO`], {
        stdio: ['ignore', 'ignore', 'pipe'],
        detached: true,
      })
      const ended = once(strace, 'exit')
      await Promise.race([once(createInterface({ input: strace.stderr }), 'line'), ended])
      await pause(100 + random() * 300)
      strace.kill('SIGINT')
      await ended
      await restart(victim, random() < 0.5 ? 'SIGKILL' : 'SIGTERM', 0)
    },
  },
]

/** Which of them can be here, and why not the others. */
export function possible(able: Abilities, store: 'sqlite' | 'memory', wanted: readonly Fault[]) {
  const here: Fault[] = []
  const leftOut = new Map<string, string>()
  for (const fault of wanted) {
    const why = fault.missing?.(able, store)
    if (why === undefined) here.push(fault)
    else leftOut.set(fault.name, why)
  }
  return { here, leftOut }
}

/** One fault after the other, at random moments, until it is over. */
export async function harass(
  scene: Scene,
  wanted: readonly Fault[],
  over: () => boolean,
  struck: (fault: string) => void,
): Promise<void> {
  const { random } = scene
  // Each once to begin with, in any order, so that none is left out by chance.
  const bag = shuffled(random, wanted)
  const weights = wanted.reduce((sum, { weight }) => sum + weight, 0)
  while (!over() && wanted.length > 0) {
    await pause(50 + random() * 450)
    const fault = bag.pop() ?? weighted(random, wanted, weights)
    struck(fault.name)
    await fault.strike(scene)
  }
}

function shuffled(random: () => number, from: readonly Fault[]): Fault[] {
  return from
    .map((fault) => ({ fault, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ fault }) => fault)
}

function weighted(random: () => number, from: readonly Fault[], weights: number): Fault {
  let left = random() * weights
  for (const fault of from) if ((left -= fault.weight) < 0) return fault
  const [first] = from
  if (!first) throw new Error('no fault to choose from')
  return first
}
