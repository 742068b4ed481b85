/** What every probe needs: where to ask, and how long to wait for what should come at once. */
export interface Asking {
  /** `https://host/wire`, without a slash at the end. */
  readonly base: string
  readonly patienceMs: number
}

/** A request to one of the doctor's endpoints, with a mark of its own. */
export function ask(
  { base }: Asking,
  path: string,
  query: Readonly<Record<string, string | number>>,
  init: RequestInit = {},
): Promise<Response> {
  return fetch(address(base, path, query), { cache: 'no-store', ...init })
}

export function address(
  base: string,
  path: string,
  query: Readonly<Record<string, string | number>>,
): string {
  const fields = Object.entries(query).map(([name, value]) => [name, String(value)])
  return `${base}/doctor/${path}?${new URLSearchParams(fields).toString()}`
}

/** Enough to tell one probe from another. */
export function mark(): string {
  return Math.random().toString(36).slice(2, 12)
}

/** Milliseconds since some moment before, by a clock that nobody sets. */
export function elapsed(): number {
  return performance.now()
}

/** Why a request has failed: the system's code, or else the innermost words. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && typeof error.code === 'string') return error.code
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error.cause
  return inner === undefined ? error.message : reasonOf(inner)
}

/** The code of an answer in Everwire's form (PROTOCOL.md 9.1). */
export async function refusalOf(
  answer: Response,
): Promise<{ readonly code: string; readonly message: string } | undefined> {
  try {
    const { error } = await answer.json()
    const { code, message } = error
    return typeof code === 'string' && typeof message === 'string' ? { code, message } : undefined
  } catch {
    // Some other server's page.
    return undefined
  }
}

export function spread(values: readonly number[]): { readonly p50: number; readonly max: number } {
  const sorted = [...values].sort((a, b) => a - b)
  return { p50: sorted[Math.floor(sorted.length / 2)] ?? 0, max: sorted.at(-1) ?? 0 }
}
