import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { channelQueries } from '../../src/log/sqlite/channels.ts'
import { pageQueries } from '../../src/log/sqlite/pages.ts'
import { ensureSchema } from '../../src/log/sqlite/schema.ts'
import { spineQueries } from '../../src/log/sqlite/spine-pages.ts'
import { storeQueries } from '../../src/log/sqlite/store.ts'
import { trimQueries } from '../../src/log/sqlite/trim.ts'

const db = new DatabaseSync(':memory:')
ensureSchema(db, ':memory:')

function planOf(query: string): string {
  const rows = db.prepare(`EXPLAIN QUERY PLAN ${query}`).all()
  return rows.map((row) => String(row['detail'])).join('; ')
}

// Both look at every row of a table, and say why: one row in all; read once a late watch.
const scans = new Set<string>([pageQueries.head, spineQueries.trimmed])
// In the order of their primary key, and cut off by a limit.
const inKeyOrder = new Set<string>([storeQueries.oldestKeys])

const queries = [channelQueries, pageQueries, spineQueries, storeQueries, trimQueries]
  .flatMap((each) => Object.entries<string>(each))
  .filter(([, query]) => !query.startsWith('INSERT'))

describe('the query plan of', () => {
  test.for(queries)('%s: %s', ([, query]) => {
    const plan = planOf(query)
    expect(plan).not.toMatch(/TEMP B-TREE/)
    if (scans.has(query) || inKeyOrder.has(query) || query === storeQueries.head) return
    expect(plan).toMatch(/^SEARCH/)
    expect(plan).not.toMatch(/SCAN/)
  })

  test('a page of a channel reads that channel from its cursor on', () => {
    expect(planOf(pageQueries.after)).toBe('SEARCH entries USING INDEX entries_channel (channel=? AND seq>?)')
  })
})

test('no statement names several channels', () => {
  for (const [, query] of queries) expect(query).not.toMatch(/\bIN\b/)
})
