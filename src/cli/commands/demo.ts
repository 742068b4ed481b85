import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ParsedArgs } from 'citty'
import { type Manual, command } from '../command.ts'
import { Failure, exit } from '../failure.ts'
import { defaultPort, listenFailure } from '../listening.ts'
import { wholeNumber } from '../options.ts'
import { untilStopped } from '../running.ts'
import { interrupted } from '../signals.ts'
import { Terminal } from '../terminal.ts'

const args = {
  port: {
    type: 'string',
    alias: 'p',
    valueHint: 'PORT',
    description: `where to listen; 0 takes any free port (default $PORT or ${defaultPort})`,
  },
  host: { type: 'string', valueHint: 'HOST', description: 'the address to listen on (default 127.0.0.1)' },
  data: {
    type: 'string',
    alias: 'd',
    valueHint: 'DIR',
    description: 'keep the data in this folder (default: a temporary one, removed at the end)',
  },
  json: { type: 'boolean', description: 'one JSON object a line, for scripts' },
} as const

const manual: Manual = {
  name: 'demo',
  summary: 'run the pet store, an example application',
  operands: '',
  description: [
    'Runs the example application: a pet store with live updates, a chat and a view of what is on the wire.',
    'Open the address that it prints in two browser windows.',
  ],
  examples: [
    ['everwire demo', `at http://127.0.0.1:${defaultPort}`],
    ['everwire demo --port 0 --data ./petstore-data', 'on any free port, with data that outlives a restart'],
  ],
}

export const demoCommand = command(manual, args, demo)

/** What the example application exports. */
interface Petstore {
  startPetstore(options: {
    readonly port: number
    readonly host: string | undefined
    /** Absent: a temporary folder that `close` removes. */
    readonly data: string | undefined
  }): Promise<{ readonly url: string; close(): Promise<void> }>
}

// Built into the package, or as source in a checkout, where Node strips the types.
const places = ['../../demo/server.js', '../../../examples/petstore/server.ts']

async function demo(given: ParsedArgs<typeof args>): Promise<void> {
  const terminal = new Terminal(given.json === true)
  const port = wholeNumber(given.port ?? process.env['PORT'], '--port', 0, 65_535) ?? defaultPort
  const { host, data } = given
  const { startPetstore } = await load()
  const stopped = interrupted()
  const store = await startPetstore({ port, host, data }).catch((error: unknown) => {
    throw listenFailure(error, port, host)
  })
  const { url } = store
  terminal.result({ type: 'listening', url }, () => `The pet store is open at ${terminal.style('cyan', url)}`)
  try {
    await untilStopped(terminal, url, stopped)
  } finally {
    await store.close()
  }
}

async function load(): Promise<Petstore> {
  const urls = places.map((place) => new URL(place, import.meta.url))
  const found = urls.find((url) => existsSync(fileURLToPath(url)))
  if (!found)
    throw new Failure(
      'The demo is not part of this installation. In a checkout, run `npm start`.',
      exit.failed,
    )
  // Of another build: nothing ties the two but the interface above.
  return (await import(found.href)) as Petstore
}
