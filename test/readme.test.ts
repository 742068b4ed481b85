import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { join } from 'node:path'
import type { Everwire } from 'everwire'
import type { Wire } from 'everwire/client'
import { onTestFinished, test, expect, vi } from 'vitest'
import { pages, root } from './docs/pages.ts'
import { snippetsOf } from './docs/snippets.ts'
import { Queue } from './support/queue.ts'
import { portOf } from './support/port.ts'

const readme = new Map([...pages].filter(([path]) => path === 'README.md'))

/** The README's first snippet of a side, with what must differ in a test; what it declares can be imported. */
function snippet(side: 'server' | 'client', changes: Record<string, string>, names: string): string {
  const found = snippetsOf(readme).find((each) => each.side === side)
  if (!found) throw new Error(`the README has no snippet of a ${side}`)
  let text = found.text
  for (const [from, to] of Object.entries(changes)) {
    expect(text.split(from), `the snippet of the ${side} has one ${from}`).toHaveLength(2)
    text = text.replace(from, () => to)
  }
  return `${text}export { ${names} }\n`
}

test("the README's client gets what the README's server publishes", async () => {
  const folder = mkdtempSync(join(root, '.snippets-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const load = async (file: string, text: string): Promise<unknown> => {
    writeFileSync(join(folder, file), text)
    return import(join(folder, file))
  }

  const store = JSON.stringify(join(folder, 'data'))
  const own = snippet('server', { "'./data'": store, '(3000)': '(0)' }, 'server, wire')
  const { server, wire } = (await load('server.ts', own)) as { server: Server; wire: Everwire }
  onTestFinished(async () => {
    await wire.close()
    server.close()
    server.closeAllConnections()
  })
  if (!server.listening) await once(server, 'listening')
  const url = `http://127.0.0.1:${portOf(server)}`

  expect(await (await fetch(url)).text()).toBe('your application')

  const rendered = new Queue<unknown>()
  vi.stubGlobal('page', { position: 'earliest' })
  vi.stubGlobal('render', (data: unknown) => rendered.push(data))
  vi.stubGlobal('reload', (gap: unknown) => rendered.push(gap))
  onTestFinished(() => void vi.unstubAllGlobals())
  const text = snippet('client', { "'/wire'": JSON.stringify(`${url}/wire`) }, 'wire')
  const client = (await load('client.ts', text)) as { wire: Wire }
  onTestFinished(() => client.wire.close())

  expect(await rendered.next()).toEqual({ status: 'ADOPTED' })
  await wire.publish('pets/123', 'statusChanged', { status: 'AVAILABLE' })
  expect(await rendered.next()).toEqual({ status: 'AVAILABLE' })
})
