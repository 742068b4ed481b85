import { lookup } from 'node:dns/promises'
import { readFile, readdir, readlink } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { basename } from 'node:path'

/** What a server uses at some moment. */
export interface Usage {
  readonly memoryBytes: number
  readonly cpuSeconds: number
}

/** What can be seen of the server's process, and how: `node (pid 4711)`. */
export interface Watched {
  readonly name: string
  /** Undefined when it can be seen no more. */
  usage(): Promise<Usage | undefined>
}

/** Linux counts processor time in hundredths of a second, whatever the machine. */
const ticksPerSecond = 100

/** The processes with these ids, together. */
export async function processes(pids: readonly number[]): Promise<Watched | undefined> {
  const watched = {
    name: `${await nameOf(pids[0])} (pid ${pids.join(', ')})`,
    async usage() {
      const all = await Promise.all(pids.map(usageOf))
      return all.reduce<Usage | undefined>(
        (sum, each) =>
          sum &&
          each && {
            memoryBytes: sum.memoryBytes + each.memoryBytes,
            cpuSeconds: sum.cpuSeconds + each.cpuSeconds,
          },
        { memoryBytes: 0, cpuSeconds: 0 },
      )
    },
  }
  return pids.length > 0 && (await watched.usage()) ? watched : undefined
}

/** The server's own word for what it uses: a page of metrics in the form of Prometheus. */
export async function metrics(base: URL): Promise<Watched | undefined> {
  for (const url of [`${base.href}/metrics`, `${base.origin}/metrics`]) {
    const watched = { name: `by its word (${new URL(url).pathname})`, usage: () => metricsAt(url) }
    if (await watched.usage()) return watched
  }
  return undefined
}

/** Who listens where the URL leads, when that is this machine and this user may see it. Linux. */
export async function listenersOf(url: URL): Promise<readonly number[]> {
  try {
    const { address } = await lookup(url.hostname.replace(/^\[|\]$/g, ''))
    const own = Object.values(networkInterfaces()).flatMap((all) => all?.map((each) => each.address) ?? [])
    if (!own.includes(address)) return []
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
    const sockets = new Set((await Promise.all(['tcp', 'tcp6'].map((file) => listening(file, port)))).flat())
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
    const holds = await Promise.all(pids.map(async (pid) => pid !== process.pid && (await has(pid, sockets))))
    return pids.filter((_, i) => holds[i])
  } catch {
    // No /proc, or a name that leads nowhere: there is nothing to see.
    return []
  }
}

/** Sockets that listen on a port, as they are called among a process's descriptors. */
async function listening(file: string, port: number): Promise<string[]> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const text = await readFile(`/proc/net/${file}`, 'utf8').catch(() => '')
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === '0A' && local?.endsWith(wanted))
    .map((fields) => `socket:[${fields[9]}]`)
}

async function has(pid: number, sockets: ReadonlySet<string>): Promise<boolean> {
  // Of other users' processes nothing can be seen.
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
  const targets = await Promise.all(
    descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
  )
  return targets.some((target) => sockets.has(target))
}

async function nameOf(pid: number | undefined): Promise<string> {
  const [program = ''] = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
  return basename(program) || 'process'
}

async function usageOf(pid: number): Promise<Usage | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may hold anything; what follows it are numbers.
    const [user, system] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14)
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    return {
      memoryBytes: 1_024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? NaN),
      cpuSeconds: (Number(user) + Number(system)) / ticksPerSecond,
    }
  } catch {
    return undefined
  }
}

async function metricsAt(url: string): Promise<Usage | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    const text = await answer.text()
    const value = (name: string) => Number(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)`, 'm').exec(text)?.[1])
    const usage = {
      memoryBytes: value('process_resident_memory_bytes'),
      cpuSeconds: value('process_cpu_seconds_total'),
    }
    return answer.ok && usage.memoryBytes >= 0 && usage.cpuSeconds >= 0 ? usage : undefined
  } catch {
    return undefined
  }
}
