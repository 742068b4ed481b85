// A server whose clock of the day is set an hour forward and back (libfaketime), while publishers and readers of every
// transport are at work. Ends with 1 when something is not as it has to be. Linux, Debian's package "faketime".
// node test/torture/clock.ts [--rounds 3] [--per 300]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createParser } from 'eventsource-parser'
import { WebSocket } from 'ws'
import { lines } from '../support/lines.ts'

const library = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1').find(existsSync)
const hour = 3_600

/** A reader that is not to be cut off: it does not come back, and what ends it is a fault. */
class Reader {
  readonly name: string
  last = 0
  /** Heartbeats, positions, empty answers. */
  beats = 0
  /** The greatest distance of a message's time from the real one, both ways, in seconds. */
  ahead = 0
  behind = 0
  readonly faults: string[] = []

  constructor(name: string) {
    this.name = name
  }

  message(data: unknown, time: number): void {
    const n = Number(data)
    if (n !== this.last + 1) this.faults.push(`${n} came after ${this.last}`)
    this.last = n
    const off = (time - Date.now()) / 1_000
    this.ahead = Math.max(this.ahead, off)
    this.behind = Math.min(this.behind, off)
  }

  ended(how: unknown): void {
    if (!over) this.faults.push(`ended: ${String(how)}`)
  }
}

let over = false
type Wired = Readonly<Record<string, unknown>> & { readonly id?: string }

function websocket(url: string, query: string): Reader {
  const reader = new Reader(`websocket ${query}`)
  const socket = new WebSocket(`${url.replace('http', 'ws')}/wire/ws?${query}`)
  socket.on('message', (text: Buffer) => {
    const said: Wired = JSON.parse(text.toString())
    if (said['type'] === 'message') reader.message(said['data'], Number(said['time']))
    if (said['type'] === 'gap' || said['type'] === 'error') reader.faults.push(JSON.stringify(said))
    if (said['type'] === 'ping' || said['type'] === 'position') reader.beats++
  })
  // In the channel "room" for as long as it lives.
  socket.on('open', () => socket.send('{"type":"presence","channel":"room","action":"enter"}'))
  socket.on('close', (code, reason) => reader.ended(`${code} ${String(reason)}`))
  socket.on('error', (error) => reader.ended(error))
  return reader
}

function eventStream(url: string, query: string): Reader {
  const reader = new Reader(`sse ${query}`)
  const parser = createParser({
    onComment: () => void reader.beats++,
    onEvent: ({ event = 'message', data }) => {
      if (event === 'message') {
        const said: Wired = JSON.parse(data)
        reader.message(said['data'], Number(said['time']))
      }
      if (event === 'position') reader.beats++
      if (event === 'gap' || event === 'error') reader.faults.push(`${event} ${data}`)
    },
  })
  const read = async () => {
    const response = await fetch(`${url}/wire/sse?envelope=1&${query}`)
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }))
  }
  read().then(
    () => reader.ended('its end'),
    (error: unknown) => reader.ended(error),
  )
  return reader
}

function poller(url: string, query: string, from: string): Reader {
  const reader = new Reader(`poll ${query}`)
  const read = async () => {
    for (let after = from; !over;) {
      const response = await fetch(`${url}/wire/poll?wait=1&${query}&after=${after}`)
      if (response.status !== 200) throw new Error(await response.text())
      const { messages, gaps, id } = (await response.json()) as Record<'messages' | 'gaps', Wired[]> & {
        id: string
      }
      if (gaps.length > 0) reader.faults.push(JSON.stringify(gaps))
      for (const { data, time } of messages) reader.message(data, Number(time))
      if (messages.length === 0) reader.beats++
      after = id
    }
  }
  read().catch((error: unknown) => reader.ended(error))
  return reader
}

async function run(rounds: number, per: number, preload: string): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'everwire-clock-'))
  const clock = join(folder, 'clock')
  const set = async (seconds: number) => {
    await writeFile(`${clock}-next`, `${seconds < 0 ? '' : '+'}${seconds}\n`)
    await rename(`${clock}-next`, clock)
  }
  await set(0)
  const server = spawn(
    process.execPath,
    [fileURLToPath(new URL('clock-server.ts', import.meta.url)), folder],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        ...process.env,
        LD_PRELOAD: preload,
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_NO_CACHE: '1',
        // What measures how long something takes is not the clock that somebody sets.
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      },
    },
  )
  try {
    const { port } = JSON.parse(await lines(server)()) as { port: number }
    const url = `http://127.0.0.1:${port}`
    const { id: from } = (await (await fetch(`${url}/wire/position`)).json()) as { id: string }
    const quietAndLoud = [`channel=loud&after=${from}`, 'channel=quiet']
    const later = Math.floor(Date.now() / 1_000) + 24 * hour
    const readers = [
      ...quietAndLoud.flatMap((query) => [websocket(url, query), eventStream(url, query)]),
      eventStream(url, `channel=quiet&token=long.${later}`),
      poller(url, 'channel=loud', from),
      poller(url, 'channel=quiet', from),
    ]
    const [loud, quiet] = [
      readers.filter(({ name }) => name.includes('loud')),
      readers.filter(({ name }) => name.includes('quiet')),
    ]
    const faults: string[] = []
    const whole = () => faults.length === 0 && readers.every((reader) => reader.faults.length === 0)
    const say = async (path: string, body: object, token = '') => {
      const response = await fetch(`${url}/wire/${path}${token}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      })
      if (!response.ok) faults.push(`${path}: ${response.status} ${await response.text()}`)
      return response
    }
    let published = 0
    const publish = async () => {
      const data = ++published
      const answer = await say('publish', { channel: 'loud', event: 'n', data, key: `k${data}` })
      return (await answer.json()) as Wired
    }
    const first = await publish()
    const keep = () => say('presence', { channel: 'room', action: 'enter' }, `?token=web.${later}`)
    await keep()
    const members = async () => {
      const answer = await fetch(`${url}/wire/presence?channel=room`)
      return ((await answer.json()) as { members: unknown[] }).members.length
    }
    while ((await members()) < 3) await wait(50)

    const offsets = Array.from({ length: rounds }, () => [hour, -hour, 0]).flat()
    for (const [i, seconds] of offsets.entries()) {
      // A token that the jump forward outlives ends then: it is measured by the clock of the day, as documented.
      const brief = Math.floor(Date.now() / 1_000) + hour / 2
      const expiring = seconds > 0 ? eventStream(url, `channel=quiet&token=brief.${brief}`) : undefined
      if (expiring) while (expiring.beats === 0) await wait(50)
      await set(seconds)
      const beats = quiet.map((reader) => reader.beats)
      const until = published + per
      const few = () => published < until || quiet.some((reader, j) => reader.beats < (beats[j] ?? 0) + 3)
      while (few() && whole()) {
        await publish()
        if ((await members()) !== 3) faults.push(`${await members()} members instead of 3`)
        if (published % 50 === 0) await keep()
      }
      const again = (await (
        await say('publish', { channel: 'loud', event: 'n', data: 1, key: 'k1' })
      ).json()) as Wired
      if (again.id !== first.id) faults.push(`a key was answered with ${JSON.stringify(again)}`)
      if (expiring && whole() && !expiring.faults.some((fault) => fault.includes('token-expired'))) {
        faults.push(`a token that had ended: ${JSON.stringify(expiring.faults)}`)
      }
      console.log(`jump ${i + 1} to ${seconds >= 0 ? '+' : ''}${seconds / hour} h: ${published} published`)
    }
    while (loud.some(({ last }) => last < published) && whole()) await wait(50)
    over = true
    for (const { name, ahead, behind } of loud) {
      if (whole() && (ahead < hour - 60 || behind > 60 - hour))
        faults.push(`${name}: the clock has not jumped: ${behind} to ${ahead} s`)
    }
    console.log(
      `${published} published, read by ${loud.map(({ name, last }) => `${name.split(' ')[0]}: ${last}`).join(', ')}; beats of quiet ones: ${quiet.map(({ beats }) => beats).join(', ')}`,
    )
    return [
      ...faults,
      ...readers.flatMap(({ name, faults: found }) => found.map((fault) => `${name}: ${fault}`)),
    ]
  } finally {
    over = true
    // Killed it would leave libfaketime's shared memory behind.
    const ended = server.exitCode === null ? once(server, 'exit') : undefined
    server.stdin.end()
    await ended
    await rm(folder, { recursive: true, force: true })
  }
}

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, per: { type: 'string', default: '300' } },
})
if (library === undefined) {
  console.log('nothing was tested: libfaketime is missing (Debian: apt-get install faketime)')
} else {
  const faults = await run(Number(values.rounds), Number(values.per), library)
  console.log(
    faults.length === 0 ? 'nothing lost, doubled, cut off or forgotten' : [...new Set(faults)].join('\n'),
  )
  process.exit(faults.length === 0 ? 0 : 1)
}
