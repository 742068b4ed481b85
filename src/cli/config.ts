import { readFile } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isRecord } from '../protocol/json.ts'
import { type Failure, usage } from './failure.ts'

/** A configuration file as it is written: options of `everwire()` besides where to listen. Not yet checked. */
export interface Config {
  readonly port: number | undefined
  readonly host: string | undefined
  readonly tls: TlsFiles | undefined
  readonly options: Readonly<Record<string, unknown>>
}

/** PEM files, by paths from the folder that the command runs in. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

const texts = ['.yaml', '.yml', '.json']
const modules = ['.ts', '.mts', '.js', '.mjs']

/** Reads YAML, JSON, or a module whose default export is the options. Throws a usage Failure that names the place. */
export async function readConfig(file: string): Promise<Config> {
  const kind = extname(file).toLowerCase()
  if (!texts.includes(kind) && !modules.includes(kind)) {
    throw usage(
      `--config takes a file that ends in ${[...texts, ...modules].join(', ')}; it is given "${file}".`,
    )
  }
  const found = texts.includes(kind) ? await fromText(file) : await fromModule(file)
  if (!isRecord(found))
    throw usage(
      `${file} holds no options: a mapping like "channels: { 'news': { subscribe: true } }" belongs there.`,
    )
  const { port, host, tls, ...options } = found
  if (port !== undefined && !isPort(port)) throw wrong(file, `port: takes a whole number from 0 to 65535`)
  if (host !== undefined && typeof host !== 'string') throw wrong(file, 'host: takes a name or an address')
  if (tls !== undefined && !isTlsFiles(tls)) throw wrong(file, 'tls: takes { cert: FILE, key: FILE }')
  return { port, host, tls, options }
}

/** Options of a file that are wrong, each as `path: what belongs there`. */
export function wrong(file: string, problems: string): Failure {
  return usage(`${file} cannot be used:\n  ${problems}`)
}

function isTlsFiles(value: unknown): value is TlsFiles {
  return (
    isRecord(value) &&
    Object.keys(value).length === 2 &&
    typeof value['cert'] === 'string' &&
    typeof value['key'] === 'string'
  )
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65_535
}

async function fromText(file: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw usage(`${file} cannot be read: ${messageOf(error)}`)
  }
  // JSON is YAML, too; loaded here, because most commands read no file.
  const { parseDocument } = await import('yaml')
  const document = parseDocument(text, { prettyErrors: true })
  const [problem] = document.errors
  if (problem) throw usage(`${file} cannot be read: ${problem.message.trimEnd()}`)
  return document.toJS()
}

async function fromModule(file: string): Promise<unknown> {
  try {
    const found: unknown = await import(pathToFileURL(resolve(file)).href)
    if (!isRecord(found)) return undefined
    return found['default'] ?? found['options']
  } catch (error) {
    const old = error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION'
    const hint = old ? '\nA TypeScript file needs Node 22.18 or newer.' : ''
    throw usage(`${file} cannot be loaded: ${messageOf(error)}${hint}`)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
