import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { localhost } from '../support/localhost.ts'
import { Command, endCommands, everwire, startServer } from './command.ts'

afterEach(endCommands)

const folder = mkdtempSync(join(tmpdir(), 'everwire-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('serve', () => {
  test('says where it listens and what it serves, and when it is ready', async () => {
    const command = new Command(['serve', '--dev', '--port', '0'])
    await command.until(({ stdout }) => stdout.includes('ready'))
    expect(command.stdout[0]).toMatch(/^listening {2}http:\/\/127\.0\.0\.1:\d+\/wire$/)
    expect(command.stdout[1]).toMatch(/^channels +any$/)
    expect(command.stdout[2]).toMatch(/^messages +in memory/)
    await command.until(({ stderr }) => stderr.join('\n').includes('open to everybody'))
  })

  test('prints the port that it was given when asked for any, as JSON', async () => {
    const { command, url, port } = await startServer()
    expect(new URL(url).port).toBe(String(port))
    expect(command.results.map(({ type }) => type)).toEqual(['listening', 'ready'])
    expect(command.results[0]).toMatchObject({ dev: true, store: 'memory', channels: [], host: '127.0.0.1' })
    const health = await fetch(new URL('/healthz', url))
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }])
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('closes cleanly after %s', async (signal) => {
    const { command } = await startServer()
    command.kill(signal)
    expect(await command.ended).toBe(0)
    expect(command.stderr.some((line) => line.includes(`"signal":"${signal}"`))).toBe(true)
  })

  test('C34 C61 serves HTTPS and HTTP/2 with a certificate for development, which it keeps', async () => {
    const env = { XDG_CACHE_HOME: join(folder, 'cache') }
    const made: string[] = []
    for (let run = 0; run < 2; run++) {
      const command = new Command(['serve', '--dev', '--tls-dev', '--port', '0', '--json'], { env })
      await command.until(({ stdout }) => stdout.length === 2)
      const [{ url } = {}] = command.results
      const ca = readFileSync(join(folder, 'cache', 'everwire', 'localhost', 'cert.pem'), 'utf8')
      made.push(ca)
      const session = connect(String(url), { ca })
      if (session.alpnProtocol === undefined) await once(session, 'connect')
      expect(session.alpnProtocol).toBe('h2')
      const stream = session.request({ ':path': '/wire/sse?channel=a' })
      const [head] = await once(stream, 'response')
      expect(head).toMatchObject({ ':status': 200, 'content-type': expect.stringContaining('event-stream') })
      session.close()
      stream.close()
      command.kill('SIGTERM')
      expect(await command.ended).toBe(0)
    }
    expect(made[0]).toBe(made[1])
    const key = join(folder, 'cache', 'everwire', 'localhost', 'key.pem')
    expect(statSync(key).mode & 0o077).toBe(0)
  })

  test('C34 who does not trust the certificate for development is told what to do, and that helps', async () => {
    const env = { XDG_CACHE_HOME: join(folder, 'cache') }
    const server = new Command(['serve', '--dev', '--tls-dev', '--port', '0', '--json'], { env })
    await server.until(({ stdout }) => stdout.length === 2)
    const url = String(server.results[0]?.['url'])
    const [, file = ''] = /NODE_EXTRA_CA_CERTS=(\S+cert\.pem)/.exec(server.shown) ?? []
    const commands = [
      ['bench', url, '--seconds', '1', '--clients', '3', '--rate', '1'],
      ['tail', 'a', '--url', url, '--since', 'earliest', '--count', '1'],
      ['publish', 'a', '1', '--url', url],
      ['doctor', url, '--idle', '0'],
    ]
    const ended = await Promise.all(commands.map((args) => everwire(args, { env })))
    for (const { code, stdout, stderr } of ended) {
      expect(stdout + stderr).toContain('signed by nobody but itself (DEPTH_ZERO_SELF_SIGNED_CERT)')
      expect(stderr).toContain(`Put NODE_EXTRA_CA_CERTS=${file} before the command`)
      expect(code).toBe(3)
    }
    const trusting = { env: { ...env, NODE_EXTRA_CA_CERTS: file } }
    const again = await Promise.all(commands.map((args) => everwire(args, trusting)))
    expect(again.map(({ code }) => code)).toEqual([0, 0, 0, 0])
    // Where nobody knows whose it is, no file is named.
    const elsewhere = { env: { XDG_CACHE_HOME: join(folder, 'elsewhere') } }
    const { stderr } = await everwire(['publish', 'a', '1', '--url', url], elsewhere)
    expect(stderr).toContain('Put NODE_EXTRA_CA_CERTS=FILE before the command')
    const plain = await everwire(['publish', 'a', '1', '--url', url.replace('https', 'http')], trusting)
    expect(plain.stderr).toContain('If it serves HTTPS, its address begins with https:.')
    server.kill('SIGTERM')
    expect(await server.ended).toBe(0)
  })

  test('serves with the certificate of files, by options or by a configuration', async () => {
    const cert = file('cert.pem', localhost.cert)
    const key = file('key.pem', localhost.key)
    const config = file('tls.yaml', `dev: true\ntls: { cert: ${cert}, key: ${key} }\n`)
    for (const options of [
      ['--dev', '--tls-cert', cert, '--tls-key', key],
      ['--config', config],
    ]) {
      const command = new Command(['serve', '--port', '0', '--json', ...options])
      await command.until(({ stdout }) => stdout.length === 2)
      expect(command.results[0]?.['url']).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/wire$/)
      expect(command.shown).not.toContain('signed by nobody')
      command.kill('SIGTERM')
      expect(await command.ended).toBe(0)
    }
  })

  test.each([
    [['--tls-cert', 'a.pem'], 'A certificate needs its key'],
    [['--tls-cert', 'a.pem', '--tls-key', 'b.pem'], 'a.pem cannot be read'],
    [['--tls-dev', '--tls-cert', 'a.pem', '--tls-key', 'b.pem'], '--tls-dev makes a certificate of its own'],
    [['--tls-cert', 'package.json', '--tls-key', 'package.json'], 'are no certificate in PEM and its key'],
  ])('says what is wrong with %j', async (options, message) => {
    const { code, stderr } = await everwire(['serve', '--dev', '--port', '0', ...options])
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  })

  test('says what makes a development certificate when that is missing', async () => {
    const env = { XDG_CACHE_HOME: join(folder, 'nothing'), PATH: folder }
    const { code, stderr } = await everwire(['serve', '--dev', '--tls-dev', '--port', '0'], { env })
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('install it, or give --tls-cert and --tls-key'),
    ])
  })

  test('says what to do when the port is taken', async () => {
    const { port } = await startServer()
    const { code, stderr } = await everwire(['serve', '--dev', '--port', String(port)])
    expect(code).toBe(1)
    expect(stderr).toContain(
      `Port ${port} is in use. Stop what listens there, or choose another: --port ${port + 1}`,
    )
  })

  test('says why it cannot keep messages', async () => {
    const data = join(folder, 'data')
    await startServer({ options: ['--data', data] })
    const second = await everwire(['serve', '--dev', '--port', '0', '--data', data])
    expect(second).toMatchObject({ code: 1, stdout: '' })
    expect(second.stderr).toMatch(/^The messages cannot be kept: .*open already, by process \d+/)
    const under = join(file('no-folder', ''), 'x')
    const third = await everwire(['serve', '--dev', '--port', '0', '--data', under])
    expect(third).toMatchObject({ code: 1, stdout: '' })
    expect(third.stderr).toMatch(/^The messages cannot be kept: ENOTDIR/)
    expect(third.stderr).not.toContain('    at ')
  })

  test('warns when no channel is open to anybody', async () => {
    const command = new Command(['serve', '--host', '127.0.0.1', '--port', '0'])
    await command.until(({ stdout }) => stdout.includes('ready'))
    const { stderr } = command
    await command.until(() =>
      stderr.some((line) => line.includes('give --config FILE with channels, or --dev')),
    )
    expect(command.stdout[1]).toMatch(/^channels +none$/)
  })
})

describe('serve --config', () => {
  test.each([
    ['rules.yaml', 'host: 127.0.0.1\nport: 0\nchannels:\n  news: { subscribe: true, publish: true }\n'],
    ['rules.json', '{"host":"127.0.0.1","port":0,"channels":{"news":{"subscribe":true,"publish":true}}}'],
    [
      'rules.ts',
      'const port: number = 0\nexport default { host: "127.0.0.1", port, channels: { news: { publish: true } } }',
    ],
    [
      'rules.mjs',
      'export default { host: "127.0.0.1", port: 0, channels: { news: { publish: () => true } } }',
    ],
  ])('serves by the rules of %s', async (name, text) => {
    const command = new Command(['serve', '--json', '--config', file(name, text)])
    await command.until(({ results }) => results.find(({ type }) => type === 'ready'))
    const { url, channels } = command.results[0] ?? {}
    expect(channels).toEqual(['news'])
    expect(await everwire(['publish', 'news', 'x', '--url', String(url)])).toMatchObject({ code: 0 })
    const other = await everwire(['publish', 'other', 'x', '--url', String(url)])
    expect(other).toMatchObject({ code: 1, stdout: '' })
    expect(other.stderr).toContain('(forbidden)')
  })

  test('lets the command line win over the file', async () => {
    const config = file('port.yaml', 'port: 1\nhost: nowhere.invalid\n')
    const command = new Command([
      'serve',
      '--dev',
      '--json',
      '--config',
      config,
      '--port',
      '0',
      '--host',
      '127.0.0.1',
    ])
    await command.until(({ results }) => results.find(({ type }) => type === 'ready'))
    expect(command.results[0]?.['port']).not.toBe(1)
  })

  test.each([
    ['age.yaml', 'channels:\n  pets/*:\n    age: soon\n', /channels\.pets\/\*\.age: .*"soon"/],
    ['key.yaml', 'chanels: {}\n', /chanels/],
    ['keep.json', '{"channels":{"a":{"keep":"some"}}}', /channels\.a\.keep: /],
    ['port.yaml', 'port: many\n', /port: takes a whole number/],
    ['broken.yaml', 'channels:\n  a: {\n', /at line 3/],
    ['pattern.yaml', 'channels:\n  a/**/b: { subscribe: true }\n', /a\/\*\*\/b: "\*\*" may only be the last/],
    ['text.yaml', 'hello\n', /holds no options/],
    ['throws.mjs', 'throw new Error("not today")', /cannot be loaded: not today/],
    ['rules.toml', '', /takes a file that ends in \.yaml/],
  ])('%s is refused with the path of what is wrong', async (name, text, message) => {
    const path = file(name, text)
    const { code, stdout, stderr } = await everwire(['serve', '--port', '0', '--config', path])
    expect(stderr).toMatch(message)
    expect(stderr).toContain(path)
    expect([code, stdout]).toEqual([2, ''])
  })

  test('says when there is no such file', async () => {
    const { code, stderr } = await everwire(['serve', '--config', join(folder, 'none.yaml')])
    expect(code).toBe(2)
    expect(stderr).toContain('none.yaml cannot be read')
  })
})
