import { version } from 'everwire'
import { expectTypeOf, test } from 'vitest'

test('the version is a string', () => {
  expectTypeOf(version).toBeString()
})
