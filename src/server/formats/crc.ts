// CRC-32 of bytes that are appended to others, without looking at any of them again: arithmetic on polynomials
// over GF(2) modulo that of RFC 1952 (the method of zlib's crc32_combine_op).
const polynomial = 0xedb88320
const one = 0x80000000

/** a * b; a is not 0. */
function multiply(a: number, b: number): number {
  let product = 0
  let factor = b
  for (let bit = one; ; bit >>>= 1) {
    if ((a & bit) !== 0) {
      product ^= factor
      if ((a & (bit - 1)) === 0) return product >>> 0
    }
    factor = (factor & 1) === 0 ? factor >>> 1 : (factor >>> 1) ^ polynomial
  }
}

// x^(2^n) for every n.
const powers: readonly number[] = Array.from({ length: 31 }).reduce<number[]>(
  (found) => [...found, multiply(found.at(-1) ?? 0, found.at(-1) ?? 0)],
  [0x40000000],
)

/** What a CRC is multiplied with when this many bytes follow. */
export function crcShift(bytes: number): number {
  let shift = one
  for (let rest = bytes, n = 3; rest > 0; rest = Math.floor(rest / 2), n++) {
    if (rest % 2 === 1) shift = multiply(powers[n % 32] ?? 0, shift)
  }
  return shift
}

/** The CRC of a whole from those of its two parts; `shift` is `crcShift` of the second's length. */
export function crcAppend(before: number, appended: number, shift: number): number {
  return (multiply(shift, before) ^ appended) >>> 0
}
