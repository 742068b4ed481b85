import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { petstore, type PetstoreOptions } from '../../examples/petstore/server.ts'

/** The pet store in this process on a free port, with data of its own; ends with the test. */
export async function openPetstore(options: Partial<PetstoreOptions> = {}) {
  const data = await mkdtemp(join(tmpdir(), 'petstore-test-'))
  const store = await petstore({ port: 0, data, ...options })
  onTestFinished(async () => {
    await store.close()
    await rm(data, { recursive: true, force: true })
  })

  async function ask(method: string, path: string, body: unknown = {}, visitor?: string) {
    const response = await fetch(store.url + path, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(visitor && { cookie: `visitor=${visitor}` }),
      },
      ...(method !== 'GET' && { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: await response.json() }
  }
  return { ...store, ask }
}
