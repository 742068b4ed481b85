import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { Command, endCommands, everwire, startServer } from './command.ts'

afterEach(endCommands)

const folder = mkdtempSync(join(tmpdir(), 'everwire-tail-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const transports = ['websocket', 'sse', 'poll', 'auto'] as const

/** What a tail has told about how it goes. */
function notes(command: Command): readonly Record<string, unknown>[] {
  return command.stderr.map((line) => JSON.parse(line))
}

/** A tail that has begun: what is published from now on reaches it. */
async function startTail(args: readonly string[]): Promise<Command> {
  const command = new Command(['tail', '--json', ...args])
  await command.until((it) => notes(it).some(({ type }) => type === 'subscribed'))
  return command
}

async function publish(url: string, channel: string, ...data: readonly string[]): Promise<void> {
  for (const each of data) {
    const { code, stderr } = await everwire(['publish', channel, 'said', each, '--url', url])
    expect(stderr).toBe('')
    expect(code).toBe(0)
  }
}

/** The data of the messages that a tail has printed. */
function printed(command: Command): unknown[] {
  return command.results.map(({ data }) => data)
}

describe.each(transports)('tail over %s', (transport) => {
  const over = ['--transport', transport]

  test('prints what is published, one JSON object a line, and ends after --count', async () => {
    const { url } = await startServer()
    const tail = await startTail(['news', '--url', url, '--count', '3', ...over])
    await publish(url, 'news', '1', '"two"', '{"three":3}')
    expect(await tail.ended).toBe(0)
    expect(printed(tail)).toEqual([1, 'two', { three: 3 }])
    expect(tail.results[0]).toMatchObject({
      type: 'message',
      channel: 'news',
      event: 'said',
      id: expect.stringMatching(/^1-/),
      time: expect.any(Number),
    })
    const way = transport === 'auto' ? 'websocket' : transport
    expect(notes(tail)).toContainEqual({ type: 'transport', transport: way, reason: 'preferred' })
    expect(notes(tail).at(-1)).toEqual({ type: 'position', id: tail.results[2]?.['id'] })
  })

  test('begins in the past, and goes on from the position that it has ended with', async () => {
    const { url } = await startServer()
    await publish(url, 'a', '1', '2')
    await publish(url, 'b', '3')
    const two = await everwire([
      'tail',
      'a',
      '--url',
      url,
      '--since',
      'earliest',
      '--count',
      '2',
      '--json',
      ...over,
    ])
    expect(two.stdout.split('\n').map((line) => JSON.parse(line).data)).toEqual([1, 2])
    const { id } = JSON.parse(two.stderr.split('\n').at(-1) ?? '')
    await publish(url, 'a', '4')
    const rest = await everwire([
      'tail',
      'a',
      'b',
      '--url',
      url,
      '--since',
      id,
      '--count',
      '2',
      '--json',
      ...over,
    ])
    expect(new Set(rest.stdout.split('\n').map((line) => JSON.parse(line).data))).toEqual(new Set([3, 4]))
    const last = await everwire(['tail', 'a', '--url', url, '--last', '1', '--count', '1', '--json', ...over])
    expect(JSON.parse(last.stdout).data).toBe(4)
  })

  test('goes on without loss when the server is killed and started again', async () => {
    const data = join(folder, transport)
    const first = await startServer({ options: ['--data', data] })
    const { url, port } = first
    const tail = await startTail(['news', '--url', url, '--count', '4', ...over])
    await publish(url, 'news', '1', '2')
    await tail.until((it) => it.stdout.length === 2)
    first.command.kill('SIGKILL')
    await tail.until((it) => notes(it).some(({ state }) => state === 'reconnecting'))
    await first.command.ended
    await startServer({ port, options: ['--data', data] })
    await publish(url, 'news', '3', '4')
    expect(await tail.ended).toBe(0)
    expect(printed(tail)).toEqual([1, 2, 3, 4])
    expect(notes(tail).filter(({ type }) => type === 'gap')).toEqual([])
  })
})

describe('tail', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'ends cleanly after %s and says where to go on',
    async (signal) => {
      const { url } = await startServer()
      const tail = await startTail(['news', '--url', url])
      await publish(url, 'news', '1')
      await tail.until((it) => it.stdout.length === 1)
      tail.kill(signal)
      expect(await tail.ended).toBe(130)
      expect(notes(tail).at(-1)).toEqual({ type: 'position', id: tail.results[0]?.['id'] })
    },
  )

  test('for people prints aligned lines, without colour where there is no terminal', async () => {
    const { url } = await startServer()
    await publish(url, 'news', '"first"')
    await publish(url, 'pets/1', '{"a":1}')
    const { code, stdout, stderr } = await everwire([
      'tail',
      'news',
      'pets/1',
      '--url',
      url,
      '--since',
      'earliest',
      '--count',
      '2',
      '--transport',
      'sse',
    ])
    expect(code).toBe(0)
    const time = String.raw`\d\d:\d\d:\d\d\.\d{3}`
    expect(stdout).toMatch(
      new RegExp(String.raw`^${time}  news    said     first\n${time}  pets/1  said     \{"a":1\}$`),
    )
    expect(stderr).toMatch(/^live over sse$/m)
    expect(stderr).toMatch(/^go on with --since \d-[0-9a-z]+$/m)
  })

  test('tells of a gap', async () => {
    const { url } = await startServer()
    await publish(url, 'news', '1')
    const tail = new Command(['tail', 'news', '--url', url, '--since', '5-zzzzzzzzzz', '--count', '1'])
    await tail.ended
    expect(tail.stderr.join('\n')).toContain('gap in news after 5-zzzzzzzzzz: the position is of another log')
  })

  test('ends with 1 when it is refused', async () => {
    const command = new Command(['serve', '--host', '127.0.0.1', '--port', '0', '--json'])
    await command.until(({ results }) => results.find(({ type }) => type === 'ready'))
    const url = String(command.results[0]?.['url'])
    for (const transport of transports) {
      const { code, stderr } = await everwire(['tail', 'news', '--url', url, '--transport', transport])
      expect(stderr).toContain('(forbidden)')
      expect(code).toBe(1)
    }
  })

  test('ends with 3 where nothing answers', async () => {
    const { url, command } = await startServer()
    command.kill('SIGTERM')
    await command.ended
    const { code, stderr } = await everwire(['tail', 'news', '--url', url])
    expect(stderr).toContain('Nothing answers at')
    expect(code).toBe(3)
  })
})
