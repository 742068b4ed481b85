// Bare clients, a third each of event streams, WebSockets and polls, that come back for ever and resume by position.
// node test/torture/restart-clients.ts <port> <clients> <channels>
// Commands on standard input: {"mark":true} forgets what has happened so far, and says so; {"goal":[n, ...]} asks for a
// report once every client has that many messages of its channel.
import { Agent, get, type IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import { createParser } from 'eventsource-parser'
import { WebSocket } from 'ws'

const [port = 0, clients = 0, channels = 1] = process.argv.slice(2).map(Number)
const base = `http://127.0.0.1:${port}/wire`
const agent = new Agent({ keepAlive: true, maxSockets: Infinity })

const kinds = ['sse', 'websocket', 'poll'] as const
type Kind = (typeof kinds)[number]

let opened: number[] = []
let attempts: number[] = []
const awayMs: number[] = []
const endings = new Map<string, number>()
const faults = { lost: 0, doubled: 0, gaps: 0 }
let goal: readonly number[] | undefined

/** One reader of one channel, whose messages are numbered from 0. */
class Reader {
  readonly kind: Kind
  readonly channel: number
  id = 'earliest'
  next = 0
  open = false
  failures = 0
  retryMs = 3_000
  #endedAt: number | undefined

  constructor(kind: Kind, channel: number) {
    this.kind = kind
    this.channel = channel
  }

  get query(): string {
    return `channel=c${this.channel}&after=${this.id}`
  }

  connect(): void {
    attempts.push(performance.now())
    connect[this.kind](this)
  }

  isOpen(): void {
    if (this.open) return
    this.open = true
    this.failures = 0
    opened.push(performance.now())
    if (this.#endedAt !== undefined) awayMs.push(performance.now() - this.#endedAt)
    this.#endedAt = undefined
    reportWhenDue()
  }

  /** It is over: comes back by the rule of its kind. */
  ended(why: string, leastMs = 0): void {
    const ending = `${this.kind}: ${why}`
    endings.set(ending, (endings.get(ending) ?? 0) + 1)
    this.#endedAt ??= performance.now()
    this.open = false
    // An EventSource waits as long as it was told; the others with full jitter (PROTOCOL.md 10.5).
    const ms =
      this.kind === 'sse' ? this.retryMs : Math.random() * Math.min(30_000, 1_000 * 2 ** this.failures++)
    setTimeout(() => this.connect(), leastMs + ms)
  }

  took(n: unknown, id: string): void {
    if (typeof n !== 'number' || n < this.next) faults.doubled++
    else {
      faults.lost += n - this.next
      this.next = n + 1
    }
    this.id = id
    reportWhenDue()
  }
}

const connect: Readonly<Record<Kind, (reader: Reader) => void>> = {
  sse(reader) {
    const headers = reader.id === 'earliest' ? {} : { 'last-event-id': reader.id }
    let error = ''
    asked(`/sse?${reader.query}`, headers, reader, (answer) => {
      const parser = createParser({
        onRetry: (ms) => (reader.retryMs = ms),
        onEvent({ event = 'message', id, data }) {
          if (event === 'connected') reader.isOpen()
          if (event === 'gap') faults.gaps++
          if (event === 'error') error = codeOf(data)
          if (event === 'n') reader.took(JSON.parse(data), id ?? '')
          else if (id) reader.id = id
        },
      })
      answer.setEncoding('utf8').on('data', (text: string) => parser.feed(text))
      answer.on('end', () => reader.ended(error || 'clean end'))
    })
  },

  websocket(reader) {
    const socket = new WebSocket(`${base.replace('http', 'ws')}/ws?${reader.query}`, {
      perMessageDeflate: false,
    })
    socket.on('message', (bytes: Buffer) => {
      const message = JSON.parse(bytes.toString()) as Readonly<Record<string, unknown>>
      if (message['type'] === 'subscribed') reader.isOpen()
      if (message['type'] === 'gap') faults.gaps++
      if (message['type'] === 'message') reader.took(message['data'], String(message['id']))
      else if (typeof message['id'] === 'string') reader.id = message['id']
    })
    let refused = ''
    socket.on('error', (error) => (refused = reasonOf(error)))
    socket.on('close', (code) => reader.ended(refused || String(code)))
  },

  poll(reader) {
    asked(`/poll?${reader.query}`, {}, reader, async (answer) => {
      let text = ''
      for await (const part of answer.setEncoding('utf8')) text += part
      if (answer.statusCode !== 200) return reader.ended(codeOf(text))
      const { messages, gaps, id } = JSON.parse(text) as PollAnswer
      reader.isOpen()
      faults.gaps += gaps.length
      for (const message of messages) reader.took(message.data, message.id)
      reader.id = id
      connect.poll(reader)
    })
  },
}

interface PollAnswer {
  readonly messages: readonly { readonly data: unknown; readonly id: string }[]
  readonly gaps: readonly unknown[]
  readonly id: string
}

function asked(
  path: string,
  headers: Record<string, string>,
  reader: Reader,
  answered: (answer: IncomingMessage) => void | Promise<void>,
): void {
  let over = false
  const end = (error: Error) => {
    if (!over) reader.ended(reasonOf(error))
    over = true
  }
  const request = get(base + path, { agent, headers }, (answer) => {
    answer.on('error', end)
    Promise.resolve(answered(answer)).catch(end)
  })
  request.on('error', end)
}

function codeOf(text: string): string {
  return /"code":"([^"]+)"/.exec(text)?.[1] ?? 'no code'
}

function reasonOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.message
}

const readers = Array.from(
  { length: clients },
  (_, i) => new Reader(kinds[i % kinds.length] ?? 'sse', Math.floor(i / kinds.length) % channels),
)

function reportWhenDue(): void {
  if (!goal) return
  for (const reader of readers) if (!reader.open || reader.next < (goal[reader.channel] ?? 0)) return
  goal = undefined
  report()
}

function report(): void {
  awayMs.sort((a, b) => a - b)
  const quantile = (q: number) => Math.round(awayMs[Math.floor((awayMs.length - 1) * q)] ?? 0)
  const value = {
    open: readers.filter(({ open }) => open).length,
    ...faults,
    connects: opened.length,
    peakConnectsPerSecond: peak(opened),
    peakAttemptsPerSecond: peak(attempts),
    awayMs: { p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) },
    endings: Object.fromEntries(endings),
  }
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

/** The most of these moments within any second. */
function peak(times: readonly number[]): number {
  let most = 0
  for (let from = 0, to = 0; to < times.length; to++) {
    while ((times[to] ?? 0) - (times[from] ?? 0) >= 1_000) from++
    most = Math.max(most, to - from + 1)
  }
  return most
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const command = JSON.parse(line) as { mark?: true; goal?: readonly number[] }
    if (command.mark) {
      opened = []
      attempts = []
      awayMs.length = 0
      endings.clear()
      process.stdout.write('{}\n')
    }
    goal = command.goal ?? goal
    reportWhenDue()
  })
  .on('close', () => process.exit(0))

// A few at a time: this is not what is measured.
let started = 0
const starting = setInterval(() => {
  for (const reader of readers.slice(started, (started += 20))) reader.connect()
  if (started >= readers.length) clearInterval(starting)
}, 20)
