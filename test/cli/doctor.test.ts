import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { meddlingProxy, type Meddling, type MeddlingProxy } from '../support/meddling-proxy.ts'
import { listening } from '../support/port.ts'
import { endCommands, everwire, startServer } from './command.ts'

let url: string
let port: number
const proxies: MeddlingProxy[] = []
beforeAll(async () => {
  ;({ url, port } = await startServer())
})
afterAll(async () => {
  for (const proxy of proxies) proxy.close()
  await endCommands()
})

async function through(meddling: Meddling): Promise<string> {
  const proxy = await meddlingProxy(port, meddling)
  proxies.push(proxy)
  return `${proxy.url}/wire`
}

describe('everwire doctor', () => {
  test('C79 C80 ends with 0 on a good path, and shows what it has measured', async () => {
    const { code, stdout, stderr } = await everwire(['doctor', url, '--idle', '1'])
    expect(stdout.split('\n')[0]).toBe(
      'All is well: WebSockets, event streams and long-polling all get through.',
    )
    for (const what of [
      'Round trip',
      'WebSocket +open after',
      'Event stream +first event',
      'A silent WebSocket',
    ])
      expect(stdout).toMatch(new RegExp(`^ {2}${what}`, 'm'))
    expect(stderr).toContain('being silent for 1 s')
    expect(code).toBe(0)
  })

  test('C53 C74 ends with 1 behind a proxy that strips and holds, and says what mends it', async () => {
    const { code, stdout } = await everwire([
      'doctor',
      await through({ upgrade: 'strip', stream: 'hold' }),
      '--idle',
      '0',
    ])
    expect(stdout).toMatch(/^Live updates work here over long-polling\. /)
    expect(stdout).toMatch(/^problem {2}A proxy removes the WebSocket upgrade {2}upgrade-stripped$/m)
    expect(stdout).toContain('proxy_set_header Upgrade $http_upgrade;')
    expect(stdout).toContain('proxy_buffering off;')
    expect(code).toBe(1)
  })

  test('with --json answers one object; what is not known is left out', async () => {
    const { code, stdout, stderr } = await everwire([
      'doctor',
      await through({ upgrade: 'refuse' }),
      '--idle',
      '0',
      '--json',
    ])
    const examination = JSON.parse(stdout)
    expect(examination).toMatchObject({
      type: 'examination',
      level: 'findings',
      transport: 'sse',
      findings: [{ code: 'upgrade-refused', severity: 'problem' }],
      measurements: { from: 'command', reach: { kind: 'everwire' }, stream: { kind: 'delivered' } },
    })
    expect(examination.measurements).not.toHaveProperty('idle')
    for (const line of stderr.split('\n')) expect(JSON.parse(line)).toMatchObject({ type: 'progress' })
    expect(code).toBe(1)
  })

  test('with --markdown writes a report that holds neither credentials nor a query', async () => {
    const secret = url.replace('//', '//user:hunter2@').concat('?token=hunter3')
    const { code, stdout } = await everwire(['doctor', secret, '--idle', '0', '--markdown'])
    expect(stdout).toMatch(/^# Everwire doctor\n\n\*\*.*\*\*\n\nhttp:/)
    expect(stdout).toMatch(/^\| WebSocket \| open after /m)
    expect(stdout).not.toMatch(/hunter/)
    expect(code).toBe(0)
  })

  test('ends with 2 where something else answers, and with 3 where nothing does', async () => {
    const server = createServer((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Log in to the network</h1>'),
    )
    const other = `http://127.0.0.1:${await listening(server)}`
    const login = await everwire(['doctor', other, '--idle', '0'])
    expect(login.stdout).toContain('There is no Everwire server at')
    expect(login.stdout).toContain('The answer was 200 with the type text/html.')
    expect(login.code).toBe(2)
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
    const gone = await everwire(['doctor', other, '--idle', '0'])
    expect(gone.stdout).toMatch(/^Nothing answers at .*\n[^]*ECONNREFUSED/)
    expect(gone.code).toBe(3)
  })

  test.each([
    [['doctor', 'a', 'b'], 'doctor takes one URL; "b" is too much.'],
    [['doctor', '--idle', '181'], '--idle takes a whole number from 0 to 180'],
    [['doctor', '--json', '--markdown'], '--markdown and --json exclude each other.'],
  ])('%j is refused with what to do, and exit code 2', async (args, message) => {
    const { code, stderr } = await everwire(args)
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  })
})
