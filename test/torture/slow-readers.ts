import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lines } from '../support/lines.ts'

/** What the readers of one kind have by now. */
interface Group {
  readonly least: number
  readonly most: number
  readonly lost: number
  readonly doubled: number
  readonly gaps: number
  readonly resumes: number
}

export interface SlowReadersReport {
  /** MiB of the server's resident memory: before, while everybody is owed, its peak. */
  readonly rss: { readonly before: number; readonly owed: number; readonly peak: number }
  /** MiB of the kernel's TCP memory (/proc/net/sockstat), both ends of every socket on this machine. */
  readonly sockets: { readonly before: number; readonly owed: number; readonly peak: number }
  /** What the slow readers had while they did not read, and what everybody had at the end. */
  readonly stopped: Group
  readonly slow: Group
  readonly healthy: Group
}

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const mib = 1024 * 1024

/**
 * `slow` readers with a small receive buffer that do not read, among `healthy` ones, while `messages` of 1 kB are
 * published; then the slow ones read again. Prints what it sees when `log` is given.
 */
export async function slowReaders(
  options: { readonly slow: number; readonly healthy: number; readonly messages: number },
  log: (line: string) => void = () => {},
): Promise<SlowReadersReport> {
  const { slow, healthy, messages } = options
  const folder = await mkdtemp(join(tmpdir(), 'everwire-slow-'))
  const server = spawn(process.execPath, [here('slow-server.ts'), folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const children: ChildProcess[] = [server]
  try {
    const fromServer = lines(server)
    const { port } = JSON.parse(await fromServer()) as { port: number }
    const readers = spawn(
      'python3',
      [here('slow_readers.py'), String(port), 'bulk', String(slow), String(healthy), '4096'],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    children.push(readers)
    const fromReaders = lines(readers)
    const report = async () => JSON.parse(await fromReaders()) as { slow: Group; healthy: Group }
    const peak = { rss: 0, sockets: 0 }
    const measure = async () => {
      const now = { rss: await rssOf(server.pid ?? 0), sockets: await socketMemory() }
      peak.rss = Math.max(peak.rss, now.rss)
      peak.sockets = Math.max(peak.sockets, now.sockets)
      return now
    }
    await report()
    const before = await measure()
    log(`${slow} readers that do not read and ${healthy} that do are connected: ${show(before)}`)
    server.stdin?.write(`${messages}\n`)
    let state = await report()
    while (state.healthy.least < messages) {
      const now = await measure()
      log(`healthy have ${state.healthy.least} of ${messages}, slow 0: ${show(now)}`)
      state = await report()
    }
    const owed = await measure()
    const stopped = state.slow
    log(`each slow reader is owed ${Math.round((messages * 1_018) / mib)} MiB: ${show(owed)}`)
    readers.stdin?.write('read\n')
    while (state.slow.least < messages) {
      state = await report()
      const now = await measure()
      log(`slow have ${state.slow.least} to ${state.slow.most} of ${messages}: ${show(now)}`)
    }
    readers.stdin?.write('quit\n')
    const round = (value: number) => Math.round(value / mib)
    return {
      rss: { before: round(before.rss), owed: round(owed.rss), peak: round(peak.rss) },
      sockets: { before: round(before.sockets), owed: round(owed.sockets), peak: round(peak.sockets) },
      stopped,
      slow: state.slow,
      healthy: state.healthy,
    }
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
}

async function rssOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024
}

async function socketMemory(): Promise<number> {
  const sockstat = await readFile('/proc/net/sockstat', 'utf8')
  return Number(/TCP:.* mem (\d+)/.exec(sockstat)?.[1]) * 4096
}

function show({ rss, sockets }: { rss: number; sockets: number }): string {
  return `server ${Math.round(rss / mib)} MiB, kernel's sockets ${Math.round(sockets / mib)} MiB`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [slow = '500', healthy = '50', messages = '20600'] = process.argv.slice(2)
  const options = { slow: Number(slow), healthy: Number(healthy), messages: Number(messages) }
  const report = await slowReaders(options, (line) => console.log(line))
  console.log(JSON.stringify(report, undefined, 2))
}
