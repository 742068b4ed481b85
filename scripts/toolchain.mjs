// What every script shares: where the checkout is, which Node runs its tools, how a tool is run.
// Runs on Node 20 and without dependencies, since it is what brings them.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

const bin = join(root, 'node_modules', '.bin')
const outside = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !folder.endsWith(join('node_modules', '.bin')))

/** An environment in which the checkout's tools, and its Node 24, are found first. */
export const toolEnv = { ...process.env, PATH: [bin, ...outside].join(delimiter) }

/** An environment without the checkout's tools: `npm ci` must not run on the Node that it is replacing. */
export const machineEnv = { ...process.env, PATH: outside.join(delimiter) }

/** The Node that runs Everwire here: the packaged one, or else the machine's own if it is new enough. */
export function nodePath() {
  const packaged = join(bin, 'node')
  if (existsSync(packaged)) return packaged
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 13)) return process.execPath
  fail(
    `Everwire needs Node 22.13 or newer. This is Node ${process.versions.node}, and there is no packaged Node 24 ` +
      `for ${process.platform}-${process.arch}: install a newer Node from https://nodejs.org and try again.`,
  )
}

/** Runs a command with its output shown, and resolves with its exit code (128 + n after signal n). */
export function run(command, args, { env = toolEnv, onSpawn = () => {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env })
    child.once('error', (error) => {
      console.error(`Could not run ${command}: ${error.message}`)
      resolve(127)
    })
    child.once('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)))
    onSpawn(child)
  })
}

/** Says why and ends the process. */
export function fail(message, code = 1) {
  console.error(message)
  process.exit(code)
}
