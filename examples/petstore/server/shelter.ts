import { randomUUID } from 'node:crypto'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import type { MedicalRecord, Notice, Pet, PetStatus, RecordKind, StatusChange } from '../domain.ts'
import { adoptedAtFirst, catalogue, recordsAtFirst } from './catalogue.ts'

/** What is announced in one lane keeps its order; a burst of ticks does not hold up an adoption. */
export type Lane = 'shelter' | 'ticker'

/** A message that belongs to a change of state, kept with it until it has been published. */
export interface Announcement {
  readonly n: number
  readonly channel: string
  readonly event: string
  readonly data: unknown
  /** The same for every attempt to publish it: the log takes it once. */
  readonly key: string
}

/**
 * The state of the shelter in one SQLite file. Every change is one transaction, which also writes down what is to be
 * announced: whatever kills the process, a change and its announcement both happened or neither did.
 */
export class Shelter {
  readonly #db: DatabaseSync
  readonly #profiles = new Map(catalogue.map((profile) => [profile.id, profile]))

  constructor(file: string) {
    this.#db = new DatabaseSync(file)
    this.#db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS pets (id TEXT PRIMARY KEY, status TEXT, adopted_by TEXT, updated_at TEXT);
      CREATE TABLE IF NOT EXISTS records (id TEXT PRIMARY KEY, pet TEXT, kind TEXT, note TEXT, vet TEXT, at TEXT);
      CREATE INDEX IF NOT EXISTS records_of_pet ON records (pet, at DESC);
      CREATE TABLE IF NOT EXISTS notices (id TEXT PRIMARY KEY, title TEXT, body TEXT, href TEXT, at TEXT);
      CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER);
      CREATE TABLE IF NOT EXISTS outbox (
        n INTEGER PRIMARY KEY AUTOINCREMENT, lane TEXT, channel TEXT, event TEXT, data TEXT, key TEXT
      );
      CREATE INDEX IF NOT EXISTS outbox_lanes ON outbox (lane, n);
    `)
    if (this.#one('SELECT 1 FROM pets LIMIT 1') === undefined) this.#change(() => this.#furnish())
  }

  pets(): Pet[] {
    return this.#all('SELECT * FROM pets ORDER BY id').flatMap((row) => this.#pet(row) ?? [])
  }

  pet(id: string): Pet | undefined {
    const row = this.#one('SELECT * FROM pets WHERE id = ?', id)
    return row && this.#pet(row)
  }

  records(petId: string): MedicalRecord[] {
    return this.#all('SELECT * FROM records WHERE pet = ? ORDER BY at DESC, id', petId).map((row) => ({
      id: text(row['id']),
      petId: text(row['pet']),
      kind: text(row['kind']) as RecordKind, // Written by `addRecord` only.
      note: text(row['note']),
      vet: text(row['vet']),
      at: text(row['at']),
    }))
  }

  notices(limit = 20): Notice[] {
    return this.#all('SELECT * FROM notices ORDER BY at DESC LIMIT ?', limit).map((row) => ({
      id: text(row['id']),
      title: text(row['title']),
      body: text(row['body']),
      at: text(row['at']),
      ...(row['href'] && { href: text(row['href']) }),
    }))
  }

  /** Answers undefined, and changes nothing, when the pet has this status already. */
  setStatus(id: string, status: PetStatus, adoptedBy: string | null): StatusChange | undefined {
    return this.#change(() => {
      const updatedAt = new Date().toISOString()
      const changed = this.#run(
        'UPDATE pets SET status = ?, adopted_by = ?, updated_at = ? WHERE id = ? AND status <> ?',
        status,
        adoptedBy,
        updatedAt,
        id,
        status,
      )
      if (changed === 0) return undefined
      const change = { id, status, updatedAt }
      this.#announce('shelter', `pets/${id}`, 'statusChanged', change)
      return change
    })
  }

  addRecord(petId: string, entry: Pick<MedicalRecord, 'kind' | 'note' | 'vet'>): MedicalRecord {
    const { kind, note, vet } = entry
    const record = { id: randomUUID(), petId, kind, note, vet, at: new Date().toISOString() }
    return this.#change(() => {
      this.#run('INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)', record.id, petId, kind, note, vet, record.at)
      this.#announce('shelter', `medical/${petId}`, 'recordAdded', record)
      return record
    })
  }

  notify(title: string, body: string, href?: string): Notice {
    const notice = { id: randomUUID(), title, body, at: new Date().toISOString(), ...(href && { href }) }
    return this.#change(() => {
      this.#run('INSERT INTO notices VALUES (?, ?, ?, ?, ?)', notice.id, title, body, href ?? null, notice.at)
      this.#announce('shelter', 'notifications', 'message', notice)
      return notice
    })
  }

  /** The next `count` numbers of the ticker; answers the last of them. */
  tick(count: number): number {
    return this.#change(() => {
      const row = this.#one("SELECT value FROM counters WHERE name = 'tick'")
      const before = Number(row?.['value'] ?? 0)
      for (let n = before + 1; n <= before + count; n++) this.#announce('ticker', 'ticker', 'tick', { n })
      this.#run("INSERT OR REPLACE INTO counters VALUES ('tick', ?)", before + count)
      return before + count
    })
  }

  /** The oldest announcements that are not known to be published. */
  unannounced(lane: Lane, limit: number): Announcement[] {
    return this.#all('SELECT * FROM outbox WHERE lane = ? ORDER BY n LIMIT ?', lane, limit).map((row) => ({
      n: Number(row['n']),
      channel: text(row['channel']),
      event: text(row['event']),
      data: JSON.parse(text(row['data'])),
      key: text(row['key']),
    }))
  }

  announced(lane: Lane, through: number): void {
    this.#run('DELETE FROM outbox WHERE lane = ? AND n <= ?', lane, through)
  }

  close(): void {
    this.#db.close()
  }

  #announce(lane: Lane, channel: string, event: string, data: unknown): void {
    const insert = 'INSERT INTO outbox (lane, channel, event, data, key) VALUES (?, ?, ?, ?, ?)'
    this.#run(insert, lane, channel, event, JSON.stringify(data), randomUUID())
  }

  #furnish(): void {
    const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
    for (const { id } of catalogue) {
      const by = adoptedAtFirst.get(id) ?? null
      const status: PetStatus = by === null ? 'AVAILABLE' : 'ADOPTED'
      this.#run('INSERT INTO pets VALUES (?, ?, ?, ?)', id, status, by, daysAgo(by === null ? 30 : 1))
    }
    for (const seed of recordsAtFirst) {
      const { petId, kind, note, vet } = seed
      const insert = 'INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)'
      this.#run(insert, randomUUID(), petId, kind, note, vet, daysAgo(seed.daysAgo))
    }
    const welcome = 'Adoptions, medical news and messages reach you here as they happen.'
    const insert = 'INSERT INTO notices VALUES (?, ?, ?, ?, ?)'
    this.#run(insert, randomUUID(), 'Welcome!', welcome, null, daysAgo(0))
  }

  #pet(row: Row): Pet | undefined {
    const profile = this.#profiles.get(text(row['id']))
    return (
      profile && {
        ...profile,
        status: row['status'] === 'ADOPTED' ? 'ADOPTED' : 'AVAILABLE',
        updatedAt: text(row['updated_at']),
        adoptedBy: row['adopted_by'] === null ? null : text(row['adopted_by']),
      }
    )
  }

  #change<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#db.exec('COMMIT')
      return result
    } catch (error) {
      this.#db.exec('ROLLBACK')
      throw error
    }
  }

  #run(sql: string, ...values: Value[]): number {
    return Number(this.#db.prepare(sql).run(...values).changes)
  }

  #one(sql: string, ...values: Value[]): Row | undefined {
    return this.#db.prepare(sql).get(...values)
  }

  #all(sql: string, ...values: Value[]): Row[] {
    return this.#db.prepare(sql).all(...values)
  }
}

type Value = string | number | null
type Row = Record<string, SQLOutputValue>

function text(value: SQLOutputValue | undefined): string {
  return typeof value === 'string' ? value : ''
}
