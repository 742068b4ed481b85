// Loaded before a server: SIGPWR begins a CPU profile, and again writes it to PROFILE.
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { isMainThread } from 'node:worker_threads'

const path = process.env['PROFILE']
if (isMainThread && path !== undefined) {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 250 })
  let begun = false
  const told = async () => {
    if (begun) writeFileSync(path, JSON.stringify((await session.post('Profiler.stop')).profile))
    else {
      begun = true
      await session.post('Profiler.start')
    }
  }
  process.on('SIGPWR', () => void told())
}
