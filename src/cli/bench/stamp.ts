import { isRecord } from '../../protocol/json.ts'

/** The smallest data that holds a stamp. */
export const minSize = 80

/** What the data of a message says of its publish. */
export interface Stamp {
  /** The publish's number in the run, from 0. */
  readonly n: number
  /** When it was due, by `microseconds`. */
  readonly at: number
}

/** The data of a publish: a stamp, filled up to so many bytes of JSON. */
export function stamped(run: string, { n, at }: Stamp, size: number): object {
  const data = { bench: run, n, at, pad: '' }
  data.pad = 'x'.repeat(Math.max(0, size - JSON.stringify(data).length))
  return data
}

/** The stamp of a message's data; undefined when it is not of this run. */
export function stampOf(run: string, data: unknown): Stamp | undefined {
  if (!isRecord(data) || data['bench'] !== run) return undefined
  const { n, at } = data
  return typeof n === 'number' && typeof at === 'number' ? { n, at } : undefined
}

/** Now, by the machine's monotonic clock, which all threads share. */
export function microseconds(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e6 + Math.round(nanoseconds / 1e3)
}
