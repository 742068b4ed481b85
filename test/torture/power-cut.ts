// Power cuts while a log is written (Linux, root, cc, e2fsprogs):
// node test/torture/power-cut.ts [--cuts 60] [--seed 1] [--sync always|interval]
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Entry, Log } from '../../src/log/log.ts'
import { sqliteLog } from '../../src/log/sqlite.ts'
import { LoopDisk, noLoopDisk } from './loop-disk.ts'

interface Acknowledged {
  readonly seq: number
  readonly message: number
  readonly epoch: string
  readonly time: bigint
}

/** What the cuts at one rate of writing came to. */
export interface PowerCuts {
  readonly inFlight: number
  cuts: number
  /** Before the power went. */
  acknowledged: number
  /**
   * Acknowledged while it went. Not judged: a real cut leaves no time for it, but here an fsync that is under way
   * when the journal is aborted can still be answered with success.
   */
  late: number
  /** Acknowledged entries that are gone, or are not what was published. */
  lost: number
  /** Cuts after which a reader from before would be told of a gap. */
  unproved: number
  /** Places from which a reader would go on, without a gap, over entries that are gone. */
  silent: number
  /** Repeats of an acknowledged publish that is there, which were appended again. */
  repeated: number
}

/** `always`: an acknowledgement outlives the cut. `interval`: it may not, and then readers are told. */
export type Sync = 'always' | 'interval'

const publisher = fileURLToPath(new URL('../support/publisher.ts', import.meta.url))
const channels = ['c0', 'c1', 'c2']
const rule = { keep: 'all', ageMs: 1e12, count: 1e9, bytes: 1e12, tombstoneMs: 1e9 } as const
/** A disk sees several cuts, one on top of the other. */
const cutsPerDisk = 5
/** At each number of appends under way: how many acknowledgements at least to wait for, and how many at most. */
const rates = [
  { inFlight: 1, least: 1, most: 250 },
  { inFlight: 8, least: 20, most: 2_000 },
  { inFlight: 256, least: 300, most: 12_000 },
]

/** Cuts the power so many times in all, at random moments that the seed decides. */
export async function powerCuts(
  cuts: number,
  seed: number,
  print: (line: string) => void,
  sync: Sync = 'always',
): Promise<readonly PowerCuts[]> {
  const random = randomOf(seed)
  const results: PowerCuts[] = []
  for (const [i, { inFlight, least, most }] of rates.entries()) {
    const counts = { cuts: 0, acknowledged: 0, late: 0, lost: 0, unproved: 0, silent: 0, repeated: 0 }
    const result = { inFlight, ...counts }
    const wanted = Math.floor((cuts + i) / rates.length)
    while (result.cuts < wanted) {
      const many = Math.min(cutsPerDisk, wanted - result.cuts)
      const count = () => least + Math.floor(random() ** 2 * (most - least))
      await onOneDisk(many, inFlight, count, sync, result)
      print(`${inFlight} in flight: ${result.cuts} of ${wanted} cuts`)
    }
    results.push(result)
  }
  return results
}

async function onOneDisk(
  cuts: number,
  inFlight: number,
  count: () => number,
  sync: Sync,
  result: PowerCuts,
): Promise<void> {
  const disk = await LoopDisk.make(256 * 1024 * 1024)
  try {
    const path = join(disk.path, 'data')
    let all: readonly Acknowledged[] = []
    for (let cut = 0; cut < cuts; cut++) {
      const before = all.length
      const how = [path, String(cut * 10_000_000), String(inFlight), sync]
      const { acknowledged, at } = await publishUntilCut(disk, how, count())
      all = [...all, ...acknowledged.filter(({ time }) => time < at)]
      result.late += acknowledged.filter(({ time }) => time >= at).length
      await disk.mount()
      // What is lost is judged once.
      all = await judge(path, all, before, result)
    }
    await disk.unmount()
  } finally {
    await disk.destroy()
  }
}

/** Publishes, cuts the power after so many acknowledgements, and gives all that had been acknowledged. */
async function publishUntilCut(
  disk: LoopDisk,
  how: readonly string[],
  count: number,
): Promise<{ readonly acknowledged: readonly Acknowledged[]; readonly at: bigint }> {
  const child = await inAnotherRun(disk, [process.execPath, publisher, ...how])
  const ended = once(child, 'close')
  const acknowledged: Acknowledged[] = []
  let cut: Promise<bigint> | undefined
  for await (const line of createInterface({ input: child.stdout })) {
    const [seq, message, epoch = '', time = ''] = line.split(' ')
    acknowledged.push({ seq: Number(seq), message: Number(message), epoch, time: BigInt(time) })
    if (acknowledged.length === count) cut = disk.cutPower().finally(() => child.kill('SIGKILL'))
  }
  if (!cut) throw new Error(`the publisher ended by itself after ${acknowledged.length} acknowledgements`)
  const at = await cut
  await ended
  await disk.unmount()
  return { acknowledged, at }
}

/** Starts a process that takes this for another run of the system, which is what ends with a power cut. */
async function inAnotherRun(disk: LoopDisk, command: readonly string[]) {
  const id = join(disk.path, 'boot_id')
  await writeFile(id, `${randomUUID()}\n`)
  const script = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"'
  return spawn('unshare', ['--mount', 'sh', '-c', script, id, ...command], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

/** Answers what of it all is there. */
async function judge(
  path: string,
  all: readonly Acknowledged[],
  before: number,
  result: PowerCuts,
): Promise<readonly Acknowledged[]> {
  const log = await sqliteLog({ path, rules: () => rule })
  try {
    const kept = await everything(log)
    const head = await log.head()
    const there = ({ seq, message }: Acknowledged) => kept.get(seq) === String(message)
    const fresh = all.slice(before)
    result.cuts++
    result.acknowledged += fresh.length
    // What an earlier cut had left must be there after this one too.
    const gone = all.filter((each) => !there(each))
    const lastGone = Math.max(0, ...gone.map(({ seq }) => seq))
    const told = ({ seq, epoch }: Acknowledged) => log.lineage.judge(seq, epoch, head) !== undefined
    result.lost += gone.length
    result.unproved += all.some(told) ? 1 : 0
    result.silent += all.filter((each) => each.seq <= lastGone && !told(each)).length
    const left = fresh.filter(there)
    const again = await log.append(
      left.map(({ message }) => ({
        channel: `c${message % 3}`,
        event: 'e',
        data: String(message),
        key: { principal: 'publisher', key: String(message) },
      })),
    )
    result.repeated += again.filter(({ seq, duplicate }, i) => !duplicate || seq !== left[i]?.seq).length
    return all.filter(there)
  } finally {
    await log.close()
  }
}

async function everything(log: Log): Promise<ReadonlyMap<number, Entry['data']>> {
  const kept = new Map<number, Entry['data']>()
  for (let after = 0, head = await log.head(); after < head;) {
    const cursors = channels.map((channel) => ({ channel, after }))
    const page = await log.read(cursors, { entries: 10_000, bytes: 1e9 })
    for (const { seq, data } of page.entries) kept.set(seq, data)
    after = page.through
  }
  return kept
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cuts: { type: 'string', default: '60' },
      seed: { type: 'string', default: '1' },
      sync: { type: 'string', default: 'always' },
    },
  })
  const { sync } = values
  if (sync !== 'always' && sync !== 'interval') throw new Error('--sync takes "always" or "interval"')
  const reason = noLoopDisk()
  if (reason) throw new Error(`no power to cut here: ${reason}`)
  const results = await powerCuts(Number(values.cuts), Number(values.seed), console.log, sync)
  console.table(results)
  const broken = results.filter((result) => !keepsWord(result, sync))
  if (broken.length === 0) return
  console.error(`acknowledged entries were lost: ${JSON.stringify(broken)}`)
  process.exitCode = 1
}

/** Whether nothing was lost, or nothing without a word where an acknowledgement does not mean the disk. */
function keepsWord({ lost, unproved, silent, repeated }: PowerCuts, sync: Sync): boolean {
  return silent + repeated === 0 && (sync === 'interval' || lost + unproved === 0)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
