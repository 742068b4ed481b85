import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { endCommands, everwire } from './command.ts'

afterEach(endCommands)

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

describe('the command line', () => {
  test.each([[['--version']], [['-v']], [['version']]])('%j prints the version', async (args) => {
    expect(await everwire(args)).toEqual({ code: 0, stdout: version, stderr: '' })
  })

  test.each([[['--help']], [['-h']], [['help']]])(
    '%j lists the commands and the exit codes',
    async (args) => {
      const { code, stdout } = await everwire(args)
      expect(code).toBe(0)
      for (const command of ['serve', 'publish', 'tail', 'bench', 'doctor', 'proxy', 'openapi', 'demo'])
        expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'))
      expect(stdout).toMatch(/^ {2}3 +the server cannot be reached$/m)
    },
  )

  test('says what there is when it is told nothing', async () => {
    const { code, stdout, stderr } = await everwire([])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('Commands')
  })

  test.each([
    ['serve', ['--port', '--host', '--data', '--config', '--dev', '--json']],
    ['publish', ['--url', '--key', '--slot', '--json', 'CHANNEL [EVENT] DATA']],
    ['tail', ['--url', '--transport', '--since', '--last', '--count', '--json', 'CHANNEL...']],
    ['bench', ['--url', '--clients', '--rate', '--seconds', '--mix', '--drop', '--json', '[URL]']],
    ['openapi', ['--base']],
    ['demo', ['--port', '--data']],
    ['proxy', ['--listen', '--upstream', '--tls-cert', '--tls-key', 'NAME', 'haproxy']],
    ['doctor', ['--idle', '--markdown', '--json', '[URL]']],
  ])('%s --help shows its options, examples and exit codes', async (command, parts) => {
    const { code, stdout } = await everwire([command, '--help'])
    expect(code).toBe(0)
    for (const part of [...parts, 'Examples', `everwire ${command}`, 'Exit codes', '130'])
      expect(stdout).toContain(part)
    expect(stdout).not.toContain('\u001b')
    expect(await everwire(['help', command])).toEqual({ code: 0, stdout, stderr: '' })
  })

  test.each([
    [['publsh'], 'Did you mean `everwire publish`?'],
    [['frobnicate'], 'The commands are serve, publish, tail, bench, doctor, proxy, openapi, demo.'],
    [['--port', '1'], 'A command comes first'],
    [['serve', '--prot', '1'], 'There is no option --prot. Did you mean --port?'],
    [['tail', 'a', '--from', 'x'], 'There is no option --from. The options are --url'],
    [['serve', '--no-dev'], 'There is no option --no-dev.'],
    [['serve', '--port'], '--port needs a value'],
    [['publish', 'a', 'b', '--key', '--slot'], 'write --key=--slot'],
    [['serve', '--dev=yes'], '--dev takes no value'],
    [['serve', '--port', '1', '--port', '2'], '--port is given twice'],
    [['serve', '--port', '65536'], '--port takes a whole number from 0 to 65535; it is given "65536"'],
    [['serve', '--dev', '--host', '0.0.0.0'], 'it listens on this machine only'],
    [['publish', 'a'], 'publish needs a channel and data'],
    [['publish', 'a', 'b', 'c', 'd'], '"d" is too much'],
    [['publish', 'a/*', 'x'], '"a/*" cannot name a channel'],
    [['publish', 'a', 'x', '--url', 'ftp://x'], '--url takes an address'],
    [['tail'], 'tail needs a channel'],
    [['proxy'], 'proxy takes one of nginx, haproxy, caddy, apache.'],
    [['proxy', 'ngnix'], 'it is given "ngnix"'],
    [['proxy', 'nginx', '--listen', '80; include /etc/passwd'], '--listen takes a port'],
    [['proxy', 'nginx', '--upstream', 'localhost'], '--upstream takes a host and a port'],
    [['proxy', 'nginx', '--tls-cert', 'a.pem'], '--tls-cert needs its key'],
    [['proxy', 'caddy', '--tls-key', 'a.pem'], '--tls-key belongs to a certificate'],
    [['proxy', 'haproxy', '--tls-cert', 'a.pem', '--tls-key', 'b.pem'], 'from one file'],
    [['proxy', 'apache', '--tls-cert', 'a b', '--tls-key', 'b.pem'], 'it is given "a b"'],
    [
      ['tail', 'a', '--transport', 'pigeon'],
      '--transport takes auto, websocket, sse or poll; it is given "pigeon"',
    ],
    [
      ['tail', 'a', '--since', 'yesterday'],
      '--since takes a position, "earliest" or "now"; it is given "yesterday"',
    ],
    [['tail', 'a', '--since', 'now', '--last', '3'], '--since and --last exclude each other'],
    [['tail', 'a', '--count', '0'], '--count takes a whole number'],
  ])('%j is refused with what to do, and exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await everwire(args)
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/See everwire .*--help\.$/)
    expect([code, stdout]).toEqual([2, ''])
  })

  test('with --json, an error is one object', async () => {
    const { code, stderr } = await everwire(['publish', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(stderr)).toMatchObject({ type: 'error', exit: 2 })
  })
})
