/** Below this every microsecond has a bucket; above, every power of two has half as many: an error of 1.6 % at most. */
const fine = 128
const half = fine / 2

/** Durations in microseconds, counted in buckets, so that a million of them take no more room than ten. */
export class Histogram {
  /** Bucket to how often; plain, so that it goes from thread to thread. */
  readonly #counts = new Map<number, number>()
  #count = 0
  #max = 0

  get count(): number {
    return this.#count
  }

  /** Hot path: once per delivery. */
  add(us: number): void {
    const value = us > 0 ? Math.round(us) : 0
    const bucket = bucketOf(value)
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1)
    this.#count++
    if (value > this.#max) this.#max = value
  }

  /** Microseconds that this share of the durations did not exceed; undefined when there are none. */
  at(share: number): number | undefined {
    let left = Math.ceil(this.#count * share)
    for (const [bucket, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      left -= count
      if (left <= 0) return Math.min(topOf(bucket), this.#max)
    }
    return undefined
  }

  get max(): number | undefined {
    return this.#count === 0 ? undefined : this.#max
  }

  /** To send to another thread. */
  plain(): PlainHistogram {
    return { counts: [...this.#counts], max: this.#max }
  }

  merge({ counts, max }: PlainHistogram): this {
    for (const [bucket, count] of counts) {
      this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count)
      this.#count += count
    }
    this.#max = Math.max(this.#max, max)
    return this
  }
}

export interface PlainHistogram {
  readonly counts: readonly (readonly [bucket: number, count: number])[]
  readonly max: number
}

function bucketOf(value: number): number {
  if (value < fine) return value
  const power = Math.floor(Math.log2(value)) - Math.log2(half)
  return power * half + Math.floor(value / 2 ** power)
}

/** The largest value of a bucket. */
function topOf(bucket: number): number {
  if (bucket < fine) return bucket
  const power = Math.floor(bucket / half) - 1
  return (bucket - power * half + 1) * 2 ** power - 1
}
