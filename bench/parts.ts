// A CPU profile by the parts of a server in which its time was spent.

/** What V8 writes, as far as it is read here. */
export interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string }
  }[]
  readonly samples: readonly number[]
}

/** In the order of the table; the first that fits has it. */
const places: readonly (readonly [part: string, url: RegExp])[] = [
  ['our hub', /\/src\/hub\//],
  ['our formats', /\/src\/(server\/formats|protocol)\//],
  ['our session', /\/src\/session\//],
  ['our sockets and writers', /\/src\/node\//],
  ['our log', /\/src\/log\//],
  ['our routes and the rest', /\/src\//],
  ['the package ws', /\/node_modules\/ws\//],
  ['HTTP of Node', /^node:(_http|internal\/http|url|internal\/url)/],
  ['net, streams and timers of Node', /^node:/],
  ['the program that publishes', /\/bench\/servers\//],
]

const write = 'kernel write'
const native = 'native code: reads, accepts, the event loop'
const rest = 'built-in functions: hashing, closing, maps, JSON'
const collector = 'garbage collector'

export const parts: readonly string[] = [write, ...places.map(([part]) => part), native, collector, rest]

/** libuv writes at once what the kernel takes: these calls are the kernel's work. */
const writes = new Set(['writeBuffer', 'writev', 'writeUtf8String', 'writeLatin1String', 'writeAsciiString'])

function partOf(name: string, url: string): string | undefined {
  if (name === '(idle)') return undefined
  if (name === '(garbage collector)') return collector
  if (name === '(program)' || name === '(root)') return native
  if (url === '') return writes.has(name) ? write : rest
  return places.find(([, place]) => place.test(url))?.[0] ?? rest
}

/** The share of each part in the time that was not idle. */
export function shares({ nodes, samples }: Profile): ReadonlyMap<string, number> {
  const partById = new Map(
    nodes.map(({ id, callFrame: { functionName, url } }) => [id, partOf(functionName, url)]),
  )
  const counts = new Map<string, number>()
  let busy = 0
  for (const id of samples) {
    const part = partById.get(id)
    if (part === undefined) continue
    busy++
    counts.set(part, (counts.get(part) ?? 0) + 1)
  }
  return new Map([...counts].map(([part, count]) => [part, count / busy]))
}
