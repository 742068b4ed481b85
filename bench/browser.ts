// What a page takes: the client in Chromium, beside bare browser objects.
//   node bench/browser.ts [--rate 100000] [--seconds 10] [--size 128] [--rounds 3] [--docs]
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chromium, type Browser, type Page } from 'playwright'
import { versions } from './contestants.ts'
import { document } from './docs.ts'
import { root } from './lab.ts'
import { freePorts, listening } from './ports.ts'
import { machine, markdownTable, short, shown } from './report.ts'
import { spreadOf } from './results.ts'
import { longestTask } from './tasks.ts'

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '10' },
    size: { type: 'string', default: '128' },
    rounds: { type: 'string', default: '3' },
    docs: { type: 'boolean' },
  },
})
const rate = Number(values.rate)
const seconds = Number(values.seconds)
const rounds = Number(values.rounds)

const ways = ['websocket', 'sse', 'bare websocket', 'bare sse'] as const
type Way = (typeof ways)[number]

/** What the page counts. */
interface Seen {
  received: number
  last: number
  lost: number
  doubled: number
  gaps: number
  /** Milliseconds of each task that kept the page from answering for more than 50. */
  readonly longTasks: number[]
}

interface Measured {
  readonly perSecond: number
  /** Share of the time in which the page's main thread was busy. */
  readonly busy: number
  /** Its microseconds for a message. */
  readonly perMessageUs: number
  readonly longTasks: number
  readonly longestMs: number
  /** The longest task by the clock of its thread. */
  readonly longestCpuMs: number
  readonly faults: number
}

declare const everwire: typeof import('../src/client/index.ts')
declare global {
  // oxlint-disable-next-line no-var -- a global of the page
  var seen: Seen
}

/** Runs in the page. */
function subscribe(way: Way): Promise<void> {
  const seen: Seen = { received: 0, last: 0, lost: 0, doubled: 0, gaps: 0, longTasks: [] }
  globalThis.seen = seen
  const take = ({ n }: { n: number }) => {
    if (seen.received++ > 0 && n !== seen.last + 1) {
      if (n > seen.last) seen.lost += n - seen.last - 1
      else seen.doubled++
    }
    seen.last = n
  }
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.longTasks.push(duration)
  }).observe({ type: 'longtask' })
  return new Promise((resolve) => {
    if (way === 'bare websocket') {
      const socket = new WebSocket('/wire/ws')
      socket.onopen = () => socket.send('{"type":"subscribe","channel":"m"}')
      socket.onmessage = ({ data }: MessageEvent<string>) => {
        const message = JSON.parse(data) as { type: string; data: { n: number } }
        if (message.type === 'message') take(message.data)
        else if (message.type === 'subscribed') resolve()
      }
    } else if (way === 'bare sse') {
      const source = new EventSource('/wire/sse?channel=m')
      source.addEventListener('message', ({ data }: MessageEvent<string>) =>
        take(JSON.parse(data) as { n: number }),
      )
      source.addEventListener('open', () => resolve())
    } else {
      const channel = everwire.connect('/wire', { transports: [way] }).channel('m')
      channel.onMessage(({ data }) => take(data as { n: number }))
      channel.on('gap', () => seen.gaps++)
      channel.on('subscribed', () => resolve())
    }
  })
}

async function measure(browser: Browser, way: Way): Promise<Measured> {
  const port = await freePorts()
  const program = fileURLToPath(new URL('servers/page.ts', import.meta.url))
  const server = spawn('taskset', ['-c', '0', process.execPath, program], {
    env: { ...process.env, PORT: String(port), RATE: values.rate, SIZE: values.size },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const context = await browser.newContext()
  try {
    await listening(port, server)
    const page = await context.newPage()
    await page.goto(`http://127.0.0.1:${port}/`)
    await page.evaluate(subscribe, way)
    const cpu = await mainThread(page)
    const longest = await longestTask(browser)
    const before = await cpu()
    const began = performance.now()
    server.kill('SIGUSR2')
    await delay(seconds * 1_000)
    server.kill('SIGUSR2')
    const traced = longest()
    const seen = await settled(page)
    const tookMs = performance.now() - began
    const busySeconds = (await cpu()) - before
    return {
      perSecond: seen.received / seconds,
      busy: busySeconds / (tookMs / 1_000),
      perMessageUs: (busySeconds * 1e6) / seen.received,
      longTasks: seen.longTasks.length,
      longestMs: Math.max(0, ...seen.longTasks),
      longestCpuMs: await traced,
      faults: seen.lost + seen.doubled + seen.gaps,
    }
  } finally {
    await context.close()
    server.kill('SIGKILL')
  }
}

/** Seconds of tasks of the page's main thread. */
async function mainThread(page: Page): Promise<() => Promise<number>> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' })
  return async () => {
    const { metrics } = await devtools.send('Performance.getMetrics')
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN
  }
}

/** What it has seen once nothing more comes. */
async function settled(page: Page): Promise<Seen> {
  for (let before = -1; ;) {
    const seen = await page.evaluate(() => globalThis.seen)
    if (seen.received === before) return seen
    before = seen.received
    await delay(300)
  }
}

const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium' })
const version = browser.version()
const all: { readonly way: Way; readonly measured: Measured }[] = []
try {
  for (let round = 1; round <= rounds; round++) {
    for (const way of ways) {
      const measured = await measure(browser, way)
      all.push({ way, measured })
      const { perSecond, busy, longestMs, longestCpuMs, faults } = measured
      console.error(
        `${round}/${rounds} ${way}: ${short(perSecond)} messages/s, busy ${short(busy)}, longest task over 50 ${short(longestMs)} ms, by its thread ${short(longestCpuMs)} ms, ${faults} lost, doubled or gaps`,
      )
    }
  }
} finally {
  await browser.close()
}
const rows = ways.map((way) => {
  const of = (figure: keyof Measured) =>
    shown(spreadOf(all.filter((one) => one.way === way).map(({ measured }) => measured[figure])))
  return [
    way,
    of('perSecond'),
    of('busy'),
    of('perMessageUs'),
    of('longTasks'),
    of('longestMs'),
    of('longestCpuMs'),
    of('faults'),
  ]
})
const head = [
  '',
  'messages/s',
  'main thread busy',
  'µs/message',
  'tasks over 50 ms',
  'longest of them, ms',
  'longest task, ms of its thread',
  'lost, doubled, gaps',
]
const text = [
  `    node bench/browser.ts --rate ${rate} --seconds ${seconds} --size ${values.size} --rounds ${rounds}\n`,
  `${machine().slice(0, 3).join(' · ')} · ${versions(new Set()).join(' · ')} · Chromium ${version}\n`,
  `${rate.toLocaleString('en')} messages/s of ${values.size} bytes, published for ${seconds} s; the server on one processor, the browser where it`,
  `likes. Medians of ${rounds} rounds, and from the lowest to the highest. "bare" is the browser's own object with JSON.parse.`,
  `A task is as long as the page sees it; by the clock of its thread, without what it has waited for a processor.\n`,
  `${markdownTable(head, rows)}\n`,
].join('\n')
console.log(text)
if (values.docs) {
  const title = 'What a page takes'
  document(join(root, 'docs'), { mark: 'browser', title, text, drawing: undefined })
}
process.exitCode = all.some(({ measured }) => measured.faults > 0) ? 1 : 0
