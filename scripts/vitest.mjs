// Runs vitest, counts what it found, and keeps how long each test took.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, toolEnv } from './toolchain.mjs'

const times = []

/** The tests that have taken the longest so far, the longest first: `{ name, ms }`. */
export function slowest(count) {
  return times.sort((a, b) => b.ms - a.ms).slice(0, count)
}

/** Runs vitest with these arguments and resolves with `{ passed, failed, skipped }`. */
export async function vitest(args, env = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'everwire-test-'))
  const file = join(folder, 'report.json')
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const code = await run('vitest', ['run', ...args, ...reporters], { env: { ...toolEnv, ...env } })
    return count(file, code)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function count(file, code) {
  let report
  try {
    report = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    // Vitest ended before it could report, and has said why.
    return { passed: 0, failed: 1, skipped: 0 }
  }
  for (const { assertionResults } of report.testResults) {
    for (const { fullName, duration } of assertionResults) times.push({ name: fullName, ms: duration ?? 0 })
  }
  const isBroken = ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0
  const failed = report.numFailedTests + report.testResults.filter(isBroken).length
  return {
    passed: report.numPassedTests,
    // An unhandled rejection fails the run although every test passed.
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}
