/** Bytes that come in pieces, however small, put together in memory of at most about twice their size. */
export class Gathered {
  #bytes: Buffer | undefined
  length = 0

  add(piece: Uint8Array): void {
    const length = this.length + piece.length
    if (this.#bytes === undefined || length > this.#bytes.length) {
      // Of its own, not of Node's pool, which it would keep as a whole.
      const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.length, 32))
      if (this.#bytes !== undefined) larger.set(this.#bytes.subarray(0, this.length))
      this.#bytes = larger
    }
    this.#bytes.set(piece, this.length)
    this.length = length
  }

  /** All of it; nothing may be added afterwards. */
  whole(): Buffer {
    return this.#bytes?.subarray(0, this.length) ?? Buffer.alloc(0)
  }
}
