import { execFile } from 'node:child_process'
import { on } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { everwire } from '../../src/index.ts'
import { listen, openRules, portOf } from './start.ts'

/** A key and a certificate for this test only, made by openssl. */
async function certificate(): Promise<{ key: Buffer; cert: Buffer }> {
  const folder = await mkdtemp(join(tmpdir(), 'everwire-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const how = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost'
  await promisify(execFile)('openssl', ['req', ...how.split(' '), '-keyout', key, '-out', cert])
  return { key: await readFile(key), cert: await readFile(cert) }
}

test('C34 the same port serves wss:// on a server of node:https', async () => {
  const wire = everwire({ channels: openRules })
  onTestFinished(() => wire.close())
  const server = createServer(await certificate())
  wire.attach(server)
  await listen(server)
  const socket = new WebSocket(`wss://127.0.0.1:${portOf(server)}/wire/ws?channel=open/1`, {
    rejectUnauthorized: false,
  })
  const types: unknown[] = []
  for await (const [data] of on(socket, 'message')) {
    types.push(JSON.parse(String(data)).type)
    if (types.at(-1) === 'subscribed') await wire.publish('open/1', 'x', 1)
    if (types.length === 3) break
  }
  expect(types).toEqual(['welcome', 'subscribed', 'message'])
  socket.close()
})
