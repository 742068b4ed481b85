import { readFileSync } from 'node:fs'
import { version } from 'everwire'
import { expect, test } from 'vitest'

test('the exported version is the version of the package', () => {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  expect(manifest).toMatchObject({ version })
})
