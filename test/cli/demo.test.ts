import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Command, endCommands, everwire, startServer } from './command.ts'

// The example imports the package by its name, which leads to what is built.
beforeAll(() => {
  const setup = fileURLToPath(new URL('../../scripts/setup.mjs', import.meta.url))
  execFileSync(process.execPath, [setup, '--build'], { stdio: 'inherit' })
}, 120_000)

afterEach(endCommands)

describe('demo', () => {
  test('opens the pet store where it says, and closes cleanly', async () => {
    const command = new Command(['demo', '--port', '0', '--json'])
    await command.until(({ results }) => results.find(({ type }) => type === 'ready'))
    const url = String(command.results.find(({ type }) => type === 'listening')?.['url'])
    const answer = await fetch(`${url}/healthz`)
    expect(answer.status).toBe(200)
    await answer.body?.cancel()
    command.kill('SIGTERM')
    expect(await command.ended).toBe(0)
  })

  test('takes its port from PORT, and says what to do when that is taken', async () => {
    const { port } = await startServer()
    const { code, stderr } = await everwire(['demo'], { env: { PORT: String(port) } })
    expect(stderr).toContain(`Port ${port} is in use.`)
    expect(code).toBe(1)
  })
})
