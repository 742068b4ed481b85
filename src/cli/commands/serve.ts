import type { ParsedArgs } from 'citty'
import type { Everwire, EverwireOptions } from '../../index.ts'
import type { Tls } from '../../node/listen.ts'
import { announce } from '../announce.ts'
import { certificateOf, developmentCertificate } from '../certificate.ts'
import { type Manual, command } from '../command.ts'
import { type Config, type TlsFiles, readConfig, wrong } from '../config.ts'
import { Failure, exit, usage } from '../failure.ts'
import { Faults } from '../faults.ts'
import { defaultPort, isLoopback, listenFailure, reachable } from '../listening.ts'
import { wholeNumber } from '../options.ts'
import { untilStopped } from '../running.ts'
import { interrupted } from '../signals.ts'
import { Terminal } from '../terminal.ts'
import { boundYoungGeneration } from '../young-generation.ts'

const args = {
  port: {
    type: 'string',
    alias: 'p',
    valueHint: 'PORT',
    description: `where to listen; 0 takes any free port (default ${defaultPort})`,
  },
  host: {
    type: 'string',
    valueHint: 'HOST',
    description: 'the address to listen on (default: all; 127.0.0.1 with --dev)',
  },
  data: {
    type: 'string',
    alias: 'd',
    valueHint: 'DIR',
    description: 'keep the messages in this folder (default: in memory)',
  },
  config: {
    type: 'string',
    alias: 'c',
    valueHint: 'FILE',
    description: 'options in YAML or JSON, or a .ts or .js module that exports them',
  },
  'tls-cert': {
    type: 'string',
    valueHint: 'FILE',
    description: 'serve HTTPS and HTTP/2 with this certificate and its chain, in PEM',
  },
  'tls-key': { type: 'string', valueHint: 'FILE', description: 'the key of the certificate, in PEM' },
  'tls-dev': { type: 'boolean', description: 'make a certificate for localhost, and serve with that' },
  dev: { type: 'boolean', description: 'every channel open to everybody, on this machine only' },
  json: { type: 'boolean', description: 'one JSON object a line, for scripts' },
} as const

const manual: Manual = {
  name: 'serve',
  summary: 'run a server',
  operands: '',
  description: [
    'Runs a server until it is interrupted; then it sends its clients away, for 9 seconds at most, and they come back',
    'when it is up again. A second signal ends it at once.',
    'Without --dev nobody may do anything that the channels in --config do not grant.',
  ],
  examples: [
    ['everwire serve --dev', 'everything open, for development'],
    ['everwire serve --dev --port 4100 --data ./data', 'with messages that outlive a restart'],
    ['everwire serve --dev --tls-dev', 'over HTTPS and HTTP/2'],
    ['everwire serve --config everwire.yaml', 'with the rules of a file'],
  ],
  sections: [
    [
      'A configuration',
      [
        'authenticate and other functions need a .ts or .js module: export default { channels: ... }',
        '',
        'port: 4000',
        'tls: { cert: fullchain.pem, key: privkey.pem }',
        'channels:',
        '  pets/*: { subscribe: true, keep: all, age: 24h }',
        '  prices: { subscribe: true, publish: true, keep: latest }',
      ],
    ],
  ],
}

export const serveCommand = command(manual, args, serve)

async function serve(given: ParsedArgs<typeof args>): Promise<void> {
  const terminal = new Terminal(given.json === true)
  const config = given.config === undefined ? nothing : await readConfig(given.config)
  const dev = given.dev === true || config.options['dev'] === true
  const port = wholeNumber(given.port, '--port', 0, 65_535) ?? config.port ?? defaultPort
  const host = hostOf(given.host ?? config.host, dev)
  const certificate = await certificateFor(given, config.tls)
  const faults = new Faults(terminal)
  const options = {
    logger: faults,
    ...config.options,
    ...(given.data === undefined ? {} : { store: given.data }),
    ...(dev ? { dev } : {}),
  }
  boundYoungGeneration()
  const stopped = interrupted()
  const wire = await create(options, given.config)
  try {
    await opened(wire)
    const { port: bound } = await wire.listen(port, host, certificate?.tls).catch((error: unknown) => {
      throw listenFailure(error, port, host)
    })
    faults.begin()
    const url = reachable(host, bound, certificate !== undefined)
    announce(terminal, { url, port: bound, host, selfSigned: certificate?.selfSigned }, options)
    await untilStopped(terminal, url, stopped)
  } finally {
    await wire.close()
  }
}

async function opened(wire: Everwire): Promise<void> {
  try {
    await wire.ready()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new Failure(`The messages cannot be kept: ${message}`, exit.failed, { cause: error })
  }
}

const nothing: Config = { port: undefined, host: undefined, tls: undefined, options: {} }

interface Certificate {
  readonly tls: Tls
  /** Where the one lies that was made here. */
  readonly selfSigned?: string
}

async function certificateFor(
  given: ParsedArgs<typeof args>,
  configured: TlsFiles | undefined,
): Promise<Certificate | undefined> {
  const { 'tls-cert': cert, 'tls-key': key, 'tls-dev': development } = given
  if ((cert === undefined) !== (key === undefined))
    throw usage('A certificate needs its key: give both --tls-cert FILE and --tls-key FILE.')
  if (development === true) {
    if (cert !== undefined)
      throw usage('--tls-dev makes a certificate of its own: leave it out, or --tls-cert and --tls-key.')
    const { tls, file } = await developmentCertificate()
    return { tls, selfSigned: file }
  }
  const files = cert !== undefined && key !== undefined ? { cert, key } : configured
  return files && { tls: await certificateOf(files.cert, files.key) }
}

function hostOf(asked: string | undefined, dev: boolean): string | undefined {
  if (!dev) return asked
  if (asked === undefined) return '127.0.0.1'
  if (isLoopback(asked)) return asked
  throw usage(
    `--dev opens every channel to everybody, so it listens on this machine only. Leave out --host ${asked}, or --dev.`,
  )
}

async function create(options: EverwireOptions, file: string | undefined): Promise<Everwire> {
  // Loaded here, because the other commands need no server and are to start at once.
  const { everwire } = await import('../../index.ts')
  try {
    return everwire(options)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    // Its first line speaks of a call that whoever runs the command has not written.
    const problems = error.message.replace(/^everwire\(options\) cannot start:\n\s*/, '')
    throw wrong(file ?? 'the options', problems)
  }
}
