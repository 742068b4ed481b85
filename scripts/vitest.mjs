// Runs vitest and counts what it found.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, toolEnv } from './toolchain.mjs'

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
  const isBroken = ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0
  const failed = report.numFailedTests + report.testResults.filter(isBroken).length
  return {
    passed: report.numPassedTests,
    // An unhandled rejection fails the run although every test passed.
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}
