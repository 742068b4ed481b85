import { expect, test } from 'vitest'
import type { Match } from '../../src/contract/pattern.ts'
import { PatternMap } from '../../src/protocol/channel.ts'

const patterns = ['a/b', 'a/*', '*/b', 'a/**', 'a/*/c', 'a/b/d', '*/*/*', 'news'] as const

/** The compiler refuses a row whose pattern is not what the type says. */
function row<const N extends string>(
  name: N,
  pattern: [Match<(typeof patterns)[number], N>] extends [never]
    ? undefined
    : Match<(typeof patterns)[number], N>,
): readonly [string, string | undefined] {
  return [name, pattern]
}

const table = [
  row('a/b', 'a/b'),
  row('a/x', 'a/*'),
  row('x/b', '*/b'),
  row('x/y', undefined),
  row('a', undefined),
  row('a/x/c', 'a/*/c'),
  row('a/b/c', 'a/*/c'),
  row('a/b/d', 'a/b/d'),
  row('a/b/e', 'a/**'),
  row('a/b/c/d', 'a/**'),
  row('x/y/z', '*/*/*'),
  row('x/b/z', '*/*/*'),
  row('a/', 'a/*'),
  row('/b', '*/b'),
  row('news', 'news'),
  row('news/', undefined),
]

test.each(table)('%s has the same pattern in the types and at run time', (name, pattern) => {
  const map = new PatternMap(patterns.map((text) => [text, undefined] as const))
  expect(map.match(name)?.pattern).toBe(pattern)
})
