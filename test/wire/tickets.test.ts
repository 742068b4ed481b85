import { describe, expect, test } from 'vitest'
import { Tickets } from '../../src/server/tickets.ts'
import { Client } from '../support/wire.ts'
import { start } from './start.ts'

const channels = { 'private/*': { subscribe: (user: unknown) => user === 'ada' } }

/** Whose token it is stands in it. */
async function open() {
  const { url, faults } = await start({
    channels,
    userId: String,
    authenticate: ({ headers }) => headers['authorization']?.replace('Bearer ', ''),
  })
  const issue = async (user?: string) =>
    fetch(`${url}/wire/ticket`, {
      method: 'POST',
      headers: user === undefined ? {} : { authorization: `Bearer ${user}` },
    })
  const ticketOf = async (user: string): Promise<string> => {
    const { ticket } = (await (await issue(user)).json()) as { ticket: string }
    return ticket
  }
  /** Opens a stream, reads its first bytes, and leaves. */
  const stream = async (ticket: string, cookie = '') => {
    const leave = new AbortController()
    const answer = await fetch(`${url}/wire/sse?channel=private/1&ticket=${ticket}`, {
      headers: { cookie },
      signal: leave.signal,
    })
    const { status } = answer
    const [first] = status === 200 ? [(await answer.body?.getReader().read())?.value] : []
    leave.abort()
    const set = answer.headers.get('set-cookie')
    return { status, text: Buffer.from(first ?? []).toString(), set, cookie: set?.split(';', 1)[0] ?? '' }
  }
  return { url, faults, issue, ticketOf, stream }
}

describe('[8.10] a ticket', () => {
  test('opens a stream once; its cookie lets the same URL come back, and nothing else does', async () => {
    const { ticketOf, stream, faults } = await open()
    const ticket = await ticketOf('ada')
    const first = await stream(ticket)
    expect(first).toMatchObject({ status: 200, text: expect.stringContaining('event: connected') })
    expect(first.set).toMatch(/; Path=\/wire\/sse; Max-Age=86400; HttpOnly; SameSite=Strict$/)
    expect((await stream(ticket)).status).toBe(204)
    expect((await stream(ticket, 'everwire-ticket=guessed')).status).toBe(204)
    for (const _again of [1, 2]) expect((await stream(ticket, `a=b; ${first.cookie}`)).status).toBe(200)
    expect(faults.found).toEqual([])
  })

  test('is worth what its user may do, and no more', async () => {
    const { ticketOf, stream } = await open()
    expect((await stream(await ticketOf('bob'))).status).toBe(403)
    expect((await stream('made-up')).status).toBe(401)
  })

  test('shares the cookie with others of its user, and not with those of another', async () => {
    const { ticketOf, stream } = await open()
    const [one, two] = [await ticketOf('ada'), await ticketOf('ada')]
    const { cookie } = await stream(one)
    expect((await stream(two, cookie)).cookie).toBe(cookie)
    expect((await stream(one, cookie)).status).toBe(200)
    const other = await stream(await ticketOf('bob'), cookie)
    expect(other.cookie).not.toBe(cookie)
    expect((await stream(one, other.cookie)).status).toBe(204)
  })

  test('is for who is known', async () => {
    const { issue } = await open()
    expect((await issue()).status).toBe(401)
  })

  test('opens a WebSocket, once', async () => {
    const { url, ticketOf } = await open()
    const ticket = await ticketOf('ada')
    const client = await Client.open(`${url}/wire`, `/ws?ticket=${ticket}&channel=private/1`)
    expect(await client.next('subscribed')).toMatchObject({ channel: 'private/1' })
    const again = new Client(`${url}/wire`, `/ws?ticket=${ticket}`)
    expect(await again.closed).toMatchObject({ code: 1006 })
  })
})

describe('tickets', () => {
  const user = (id: string) => ({ id, user: id })

  test('are good for 60 s, those that were used for a day after they were last used', () => {
    let now = 0
    const tickets = new Tickets(() => now)
    const { ticket } = tickets.issue(user('ada'))
    const late = tickets.issue(user('ada')).ticket
    now = 59_999
    const redeemed = tickets.redeem(ticket, undefined)
    const secret = redeemed === 'spent' ? '' : redeemed.secret
    now = 60_000
    expect(() => tickets.redeem(late, undefined)).toThrow('too old')
    // It was used a millisecond ago.
    now = 59_999
    for (const _later of [1, 2]) {
      now += 86_399_000
      expect(tickets.redeem(ticket, secret)).toMatchObject({ secret })
    }
    now += 86_400_000
    expect(() => tickets.redeem(ticket, secret)).toThrow('too old')
  })

  test('do not outlive the user they stand for', () => {
    let now = 0
    const tickets = new Tickets(() => now)
    const { ticket } = tickets.issue({ ...user('ada'), expiresAt: 1_000 })
    now = 1_000
    expect(() => tickets.redeem(ticket, undefined)).toThrow('too old')
  })

  test('are bounded: the oldest of a user makes way, nobody else’s', () => {
    const tickets = new Tickets(() => 0)
    const kept = tickets.issue(user('bob')).ticket
    const issued = Array.from({ length: 65 }, () => tickets.issue(user('ada')).ticket)
    expect(() => tickets.redeem(issued[0] ?? '', undefined)).toThrow('not known')
    for (const ticket of [kept, ...issued.slice(1)])
      expect(tickets.redeem(ticket, undefined)).not.toBe('spent')
  })
})
