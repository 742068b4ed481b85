import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listening } from '../support/port.ts'
import { endCommands, everwire, startServer } from './command.ts'

let url: string
beforeAll(async () => {
  ;({ url } = await startServer())
})
afterAll(endCommands)

/** Everything published to a channel. */
async function history(channel: string): Promise<{ event: string; data: unknown; slot?: string }[]> {
  const answer = await fetch(`${url}/history?channel=${encodeURIComponent(channel)}`)
  const { messages } = await answer.json()
  return messages
}

describe('publish', () => {
  test.each([
    ['JSON', ['{"a":[1,"b"]}'], undefined, 'message', { a: [1, 'b'] }],
    ['a number', ['7'], undefined, 'message', 7],
    ['plain text', ['opens at nine'], undefined, 'message', 'opens at nine'],
    ['an event', ['opened', 'true'], undefined, 'opened', true],
    ['standard input', ['-'], '{"from":"a pipe"}\n', 'message', { from: 'a pipe' }],
    ['text from standard input', ['log', '-'], 'two\nlines\n', 'log', 'two\nlines'],
    ['what begins with a dash', ['--', '-5'], undefined, 'message', -5],
  ])('sends %s', async (what, args, input, event, data) => {
    const channel = `sent/${what}`
    const { code, stdout } = await everwire(
      ['publish', '--url', url, ...(args[0] === '--' ? ['--', channel, '-5'] : [channel, ...args])],
      input === undefined ? {} : { input },
    )
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`^published ${channel} ${event} \\d+-[0-9a-z]+$`))
    expect(await history(channel)).toMatchObject([{ event, data }])
  })

  test('with --json answers one object', async () => {
    const { stdout } = await everwire(['publish', 'json', 'x', '--url', url, '--json'])
    expect(JSON.parse(stdout)).toEqual({
      channel: 'json',
      event: 'message',
      id: expect.stringMatching(/^\d+-/),
      duplicate: false,
      key: expect.any(String),
    })
  })

  test('publishes once with a key', async () => {
    const args = ['publish', 'once', 'x', '--url', url, '--key', 'k', '--json']
    const first = JSON.parse((await everwire(args)).stdout)
    const second = JSON.parse((await everwire(args)).stdout)
    expect(second).toEqual({ ...first, duplicate: true })
    expect(await history('once')).toHaveLength(1)
    const other = await everwire(['publish', 'once', 'y', '--url', url, '--key', 'k'])
    expect(other.code).toBe(1)
    expect(other.stderr).toContain('(key-reused)')
  })

  test('finds the server by EVERWIRE_URL, without a scheme or a path', async () => {
    const { host } = new URL(url)
    expect(await everwire(['publish', 'env', 'x'], { env: { EVERWIRE_URL: host } })).toMatchObject({
      code: 0,
    })
  })

  test('ends with 3 where nothing answers', async () => {
    const server = createServer()
    const port = await listening(server)
    await new Promise((done) => server.close(done))
    const { code, stdout, stderr } = await everwire([
      'publish',
      'a',
      'x',
      '--url',
      `http://127.0.0.1:${port}`,
    ])
    expect([code, stdout]).toEqual([3, ''])
    expect(stderr).toContain(
      `Nothing answers at http://127.0.0.1:${port} (ECONNREFUSED). Is the server running?`,
    )
  })

  test('says so where something else answers', async () => {
    const server = createServer((_request, response) => response.writeHead(404).end('nothing here'))
    const port = await listening(server)
    const { code, stderr } = await everwire(['publish', 'a', 'x', '--url', `http://127.0.0.1:${port}`])
    server.close()
    expect(code).toBe(1)
    expect(stderr).toContain('answers 404, but not as Everwire does')
  })

  test('sends the token', async () => {
    const headers: (string | undefined)[] = []
    const server = createServer((request, response) => {
      headers.push(request.headers.authorization)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"1-x","duplicate":false}')
    })
    const at = ['--url', `http://127.0.0.1:${await listening(server)}`]
    await everwire(['publish', 'a', 'x', ...at, '--token', 'one'])
    await everwire(['publish', 'a', 'x', ...at], { env: { EVERWIRE_TOKEN: 'two' } })
    await everwire(['publish', 'a', 'x', ...at])
    server.close()
    expect(headers).toEqual(['Bearer one', 'Bearer two', undefined])
  })
})
