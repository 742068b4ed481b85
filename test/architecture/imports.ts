/** The imports of every file: `src/hub/topic.ts` -> what its import and export-from lines name, as written. */
export type ImportMap = ReadonlyMap<string, readonly string[]>

interface Layer {
  /** The folders of src that its files may import besides their own. */
  readonly layers: readonly string[]
  /** The packages that its files may import; `undefined` allows any, and Node's built-ins. */
  readonly packages?: readonly string[]
  /** Whether it must work without a network stack. */
  readonly noHttp?: boolean
}

const core = ['protocol', 'log', 'hub', 'session', 'server', 'node', 'contract', 'doctor']

const layers: Readonly<Record<string, Layer>> = {
  protocol: { layers: [], packages: [], noHttp: true },
  log: { layers: ['protocol'], noHttp: true },
  // Typed channel definitions are shared by both ends, hence as portable as the client.
  contract: { layers: ['protocol'], packages: ['@standard-schema/spec'] },
  hub: { layers: ['log', 'protocol', 'contract'], noHttp: true },
  session: { layers: ['hub', 'log', 'protocol', 'contract'], noHttp: true },
  server: { layers: ['session', 'hub', 'log', 'protocol', 'contract', 'doctor'] },
  node: { layers: ['server', 'session', 'hub', 'log', 'protocol', 'contract'] },
  // Probes and verdicts: run in a page and on the command line; the server shares what both say.
  doctor: { layers: ['protocol'], packages: [] },
  client: { layers: ['protocol', 'contract'], packages: [] },
  cli: { layers: [...core, 'client', 'index'] },
  testing: { layers: [...core, 'client', 'cli', 'index'] },
  options: { layers: core },
  everwire: { layers: [...core, 'options'] },
  index: { layers: [...core, 'options', 'everwire'] },
}

const statement = /^[ \t]*(?:import|export)\s+(?:[\w$*{},\s]+?\sfrom\s+)?['"]([^'"\n]+)['"]/gm
const bareFrom = /^[ \t]*(?:import|export)(?:\s+type)?\s*[*{][\w$*{},\s]*?\}?\s*from\s*['"]([^'"\n]+)['"]/gm
const call = /\bimport\(\s*['"]([^'"\n]+)['"]/g
const comment = /^[ \t]*(?:\/\/|\/?\*).*$/gm

/** What a file imports: statically, by re-export, for types only, or dynamically by a literal. */
export function importsOf(text: string): string[] {
  const code = text.replace(comment, '')
  const found = [statement, bareFrom, call].flatMap((pattern) => [...code.matchAll(pattern)])
  return [...new Set(found.flatMap((match) => match[1] ?? []))]
}

/** Where a relative import leads: `('src/a/b.ts', '../c.ts')` -> `src/c.ts`; `undefined` for a package. */
function target(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  return new URL(specifier, `file:///${from}`).pathname.slice(1)
}

/** The folder of src a file belongs to; src/index.ts is a layer of its own, and so would any other root file be. */
function layerOf(file: string): string {
  const [, second = '', ...deeper] = file.split('/')
  return deeper.length > 0 ? second : second.replace(/\.ts$/, '')
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

const isHttp = (specifier: string) => /^(?:node:)?https?2?$/.test(specifier)

function* wrongImports(file: string, specifiers: readonly string[], installed: readonly string[]) {
  const layer = layerOf(file)
  const rule = layers[layer]
  if (!rule) {
    yield `${file}: "${layer}" has no place yet; give it one in test/architecture/imports.ts`
    return
  }
  for (const specifier of specifiers) {
    const to = target(file, specifier)
    if (to !== undefined) {
      const other = layerOf(to)
      if (!to.startsWith('src/')) yield `${file} imports ${to}, which is outside src`
      else if (other !== layer && !rule.layers.includes(other))
        yield `${file} imports ${to}: ${layer} may not import ${other}`
      continue
    }
    const name = packageOf(specifier)
    if (rule.packages && !rule.packages.includes(name)) yield `${file} imports ${specifier}: ${layer} may not`
    else if (rule.noHttp && isHttp(specifier))
      yield `${file} imports ${specifier}: ${layer} may not know HTTP`
    else if (!specifier.startsWith('node:') && !installed.includes(name)) {
      yield `${file} imports ${specifier}, which users of the package will not have (not in its dependencies)`
    }
  }
}

/** Every import that goes against the layering; `installed` names the packages that users have. */
export function wrongArrows(imports: ImportMap, installed: readonly string[]): string[] {
  return [...imports].flatMap(([file, specifiers]) => [...wrongImports(file, specifiers, installed)])
}

/** The cycles among the files, each as the path around it; type imports count. */
export function cycles(imports: ImportMap): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const trail: string[] = []
  const visit = (file: string): void => {
    const start = trail.indexOf(file)
    if (start >= 0) found.push([...trail.slice(start), file].join(' -> '))
    if (start >= 0 || done.has(file)) return
    trail.push(file)
    for (const specifier of imports.get(file) ?? []) {
      const to = target(file, specifier)
      if (to !== undefined && imports.has(to)) visit(to)
    }
    trail.pop()
    done.add(file)
  }
  for (const file of imports.keys()) visit(file)
  return found
}
