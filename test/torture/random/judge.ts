import { Ledger } from './ledger.ts'
import { Truth, type Evidence, type Witness } from './truth.ts'
import { Verdict } from './verdict.ts'

/**
 * Judges a whole run by what was published, answered, seen and kept: once through everything for what the logs held,
 * then reader by reader. Needs as much memory as was published, however much was delivered.
 */
export function judge(evidence: Evidence): Verdict {
  const verdict = new Verdict()
  const truth = new Truth(evidence, verdict)
  judgeLog(evidence, truth, verdict)
  for (const reader of evidence.readers) judgeReader(reader, evidence, truth, verdict)
  return verdict
}

/** Everything acknowledged is there, once, and each publisher's in its order. */
function judgeLog({ kept, lastLog }: Evidence, truth: Truth, verdict: Verdict): void {
  const where = new Map<string, string>()
  const latest = new Map<string, number>()
  const slots = new Map<string, string>()
  for (const { channel, id, who, slot, removed } of kept) {
    if (channel.startsWith('latest/')) slots.set(`${channel} ${slot}`, removed ? 'removed' : id)
    if (who === '' || who.startsWith('!')) continue
    const before = where.get(who)
    if (before !== undefined) verdict.add('twice in the log', 'log', `${who} at ${before} and ${id}`)
    if (before === undefined) where.set(who, id)
    const [by = '', n] = who.split(':')
    const order = `${by} ${channel}`
    if (Number(n) < (latest.get(order) ?? -1) && !channel.startsWith('latest/'))
      verdict.add('reorder', 'log', `${who} at ${id}, behind a later one of the same publisher`)
    latest.set(order, Number(n))
  }
  const newest = new Set<string>()
  for (const { who, id } of truth.acknowledged) {
    const tried = truth.tried.get(who)
    if (!tried) continue
    if (id === undefined || tried.channel.startsWith('none/')) {
      if (id !== undefined) verdict.add('moving signal', 'log', `${who} was answered with ${id}`)
      continue
    }
    const { log, seq } = truth.spot(id)
    if (log !== lastLog) continue
    if (tried.channel.startsWith('latest/')) newest.add(tried.channel)
    if (tried.channel.startsWith('all/') && truth.spot(where.get(who) ?? id).seq !== seq)
      verdict.add('lost although acknowledged', 'log', `${who} at ${id}, found at ${where.get(who)}`)
    else if (tried.channel.startsWith('all/') && !where.has(who))
      verdict.add('lost although acknowledged', 'log', `${who} at ${id}`)
  }
  for (const channel of newest) {
    for (const [slot, { seq, removed }] of truth.newest(lastLog, channel)) {
      const held = slots.get(`${channel} ${slot}`)
      if (removed) {
        if (held !== undefined && held !== 'removed')
          verdict.add('ghost slot', 'log', `${channel} ${slot} is ${held}, removed at ${seq}`)
      } else if (held === undefined || held === 'removed' || truth.spot(held).seq !== seq)
        verdict.add('lost although acknowledged', 'log', `${channel} ${slot} is ${held}, newest at ${seq}`)
    }
  }
}

function judgeReader(
  reader: Witness,
  { lastLog, shortCount }: Evidence,
  truth: Truth,
  verdict: Verdict,
): void {
  const { name, level, channels } = reader
  const ledgers = new Map<string, Ledger>()
  const stated = (at: string, except?: string) => {
    for (const ledger of ledgers.values())
      if (ledger.channel !== except)
        ledger.proved(at, channels.indexOf(ledger.channel), except ? 'skip' : 'lie')
  }
  for (const each of reader.seen) {
    if (each.type === 'listed') {
      stated(each.at)
      continue
    }
    const { channel } = each
    if (channel.startsWith('none/')) {
      if (each.type === 'message' && (each.id !== undefined || each.at !== undefined))
        verdict.add('moving signal', level, `${name} ${channel}: ${each.id ?? each.at}`)
      continue
    }
    if (each.type === 'begin') {
      const found = (violation: Parameters<Verdict['add']>[0], what: string) =>
        verdict.add(violation, level, `${name} ${channel}: ${what}`)
      ledgers.set(channel, new Ledger(channel, each.at, truth, shortCount, found))
      continue
    }
    const ledger = ledgers.get(channel)
    if (!ledger) verdict.add('phantom', level, `${name} ${channel}: ${each.type} before its beginning`)
    else if (each.type === 'snapshot') ledger.snapshot(each.phase)
    else if (each.type === 'proved') ledger.proved(each.at, -1, 'lie')
    else if (each.type === 'message') {
      ledger.message(each)
      if (each.at !== undefined) stated(each.at, channel)
    } else {
      ledger.gap(each, each.list ? channels.indexOf(channel) : -1)
      if (each.list && each.at !== undefined) stated(each.at, channel)
    }
  }
  for (const ledger of ledgers.values()) ledger.end(lastLog)
}
