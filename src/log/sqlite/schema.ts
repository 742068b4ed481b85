import type { DatabaseSync } from 'node:sqlite'
import { EverwireError } from '../../protocol/codes.ts'
import { checksumOf } from './checksum.ts'

/** "Evrw": marks the file as a log of Everwire. */
const applicationId = 0x45767277
const version = 2

/**
 * - entries: `ordinal` and `total` count the channel's entries and bytes up to and with this one, so that what is
 *   kept is known from its two ends. `slot` is null in channels that keep all.
 * - channels: `trimmed` is the greatest sequence removed by retention. The newest entry ever is the newest kept,
 *   or `trimmed`, whichever is greater.
 * - checksum: of the row's other columns, where no other page says the same (checksum.ts).
 * - publish_keys: outlive their entries; `entry` is the sequence that the key was first answered with.
 */
const schema = `
  CREATE TABLE log (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    head INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    sync TEXT NOT NULL,
    boot TEXT NOT NULL,
    clean INTEGER NOT NULL
  ) STRICT;
  INSERT INTO log VALUES (1, 0, ${checksumOf(0)}, 'always', '', 1);

  CREATE TABLE epochs (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    first INTEGER NOT NULL,
    proved INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE channels (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    trimmed INTEGER NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    channel INTEGER NOT NULL,
    time INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    total INTEGER NOT NULL,
    size INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    previous INTEGER,
    checksum INTEGER NOT NULL,
    slot TEXT,
    event TEXT NOT NULL,
    data ANY NOT NULL
  ) STRICT;
  CREATE INDEX entries_channel ON entries (channel, seq);
  CREATE INDEX entries_slot ON entries (channel, slot) WHERE slot IS NOT NULL;
  CREATE INDEX entries_removed ON entries (channel, seq) WHERE removed = 1;

  CREATE TABLE publish_keys (
    entry INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    digest TEXT NOT NULL,
    payload TEXT NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX publish_keys_digest ON publish_keys (digest);

  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${version};
`

/** Makes the tables in an empty file; throws when the file is not a log that this version can write. */
export function ensureSchema(db: DatabaseSync, file: string): void {
  const application = pragma(db, 'application_id')
  const found = pragma(db, 'user_version')
  if (application === applicationId && found === version) return
  if (application === applicationId && found > version) {
    throw new EverwireError(
      'store-unavailable',
      `the log ${file} has format ${found}, written by a newer Everwire; this one knows ${version}: upgrade Everwire`,
    )
  }
  if (application === applicationId) {
    throw new EverwireError(
      'store-unavailable',
      `the log ${file} has format ${found}, from before the first release; this Everwire knows ${version}: move it away to begin a new log`,
    )
  }
  const tables = db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables']
  if (application !== 0 || found !== 0 || tables !== 0) {
    throw new EverwireError(
      'store-unavailable',
      `${file} is a database of another application: give the log a path of its own`,
    )
  }
  db.exec(`BEGIN IMMEDIATE; ${schema} COMMIT`)
}

/** The value of a pragma that is a number. */
export function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0])
}
