import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const publisher = fileURLToPath(new URL('../support/publisher.ts', import.meta.url))
const noStrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status !== 0

let path = ''
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'everwire-fsync-'))
})
afterEach(() => rmSync(path, { recursive: true, force: true }))

interface Fsync {
  readonly thread: string
  readonly file: string
}

/** The fsyncs of a log that is published to, from the hundredth of its journal on. */
function fsyncsIn(trace: string): readonly Fsync[] {
  if (!existsSync(trace)) return []
  const all = readFileSync(trace, 'utf8')
    .split('\n')
    .flatMap((line): Fsync[] => {
      const [, thread = '', file = ''] = /^(\d+) .*sync\(\d+<[^>]*\/(log\.db[^>]*)>/.exec(line) ?? []
      return file === '' ? [] : [{ thread, file }]
    })
  let journal = 0
  return all.slice(all.findIndex(({ file }) => file === 'log.db-wal' && ++journal === 100))
}

test.skipIf(noStrace)(
  'the thread that commits waits for no fsync of the file but after a checkpoint, when little is left (strace)',
  { timeout: 60_000 },
  async () => {
    const trace = join(path, 'trace')
    const child = [process.execPath, publisher, path, '0', '4']
    const args = ['-f', '-y', '-o', trace, '-e', 'trace=fsync,fdatasync', ...child]
    const strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'inherit'], detached: true })
    const ended = once(strace, 'exit')
    const { pid = 0 } = strace
    let found: readonly Fsync[] = []
    while (found.length < 100 || !found.some(({ file }) => file === 'log.db')) {
      if (strace.exitCode !== null) throw new Error('the publisher has ended')
      await setTimeout(20)
      found = fsyncsIn(trace)
    }
    process.kill(-pid, 'SIGKILL')
    await ended
    const journal = found.filter(({ file }) => file === 'log.db-wal')
    const counts = Map.groupBy(journal, ({ thread }) => thread)
    const [writer] = [...counts].sort(([, a], [, b]) => b.length - a.length)[0] ?? []
    const carriers = found.filter(({ file }) => file === 'log.db').map(({ thread }) => thread)
    // The writer only carries over what came during a checkpoint that was, so that the journal begins anew.
    expect(carriers[0]).not.toBe(writer)
    const own = carriers.filter((thread) => thread === writer)
    expect(own.length).toBeLessThanOrEqual(carriers.length / 2)
  },
)
