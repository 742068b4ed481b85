import { describe, expect, test } from 'vitest'
import { Client, openWire } from '../support/wire.ts'

describe("a route that speaks the application's own shapes", () => {
  test('C35 C85 {type:"subscribe",petId} subscribes, and what comes back is foreign too', async () => {
    const { url, wire } = await openWire()
    const sent: string[] = []
    wire.websocket('/v1/ws', {
      receive(message) {
        const { petId } = message as { petId: string }
        return { type: 'subscribe', channel: `pets/${petId}` }
      },
      send(message) {
        sent.push(message.type)
        if (message.type === 'message') return { pet: message.channel, ...(message.data as object) }
        return message.type === 'error' ? { oops: message.code } : undefined
      },
    })
    const attached = Array.from({ length: 3 }, () => new Client(url, '/v1/ws'))
    for (const client of attached) {
      await new Promise((resolve) => client.webSocket.addEventListener('open', resolve))
      client.say({ type: 'subscribe', petId: '123' })
    }
    await expect.poll(() => sent.filter((type) => type === 'subscribed').length).toBe(3)
    await wire.publish('pets/123', 'statusChanged', { status: 'ADOPTED' })
    for (const client of attached)
      expect(await client.said.next()).toEqual({ pet: 'pets/123', status: 'ADOPTED' })
    // Translated once for all of them.
    expect(sent.filter((type) => type === 'message')).toHaveLength(1)
    attached[0]?.say('{')
    expect(await attached[0]?.said.next()).toEqual({ oops: 'bad-json' })
    attached[0]?.say({ petId: '*' })
    expect(await attached[0]?.said.next()).toEqual({ oops: 'bad-channel' })
  })

  test('open may subscribe by what the handshake says, and greet', async () => {
    const { url, wire } = await openWire()
    wire.websocket('/rooms/:room/ws', {
      open(session) {
        const { room } = session.request.params
        session.send({ type: 'hello', room, name: session.request.query.get('name') })
        return { type: 'subscribe', channel: `rooms/${room}` }
      },
    })
    const client = await Client.open(url, '/rooms/7/ws?name=ann')
    expect(await client.said.next()).toEqual({ type: 'hello', room: '7', name: 'ann' })
    expect(await client.said.next()).toMatchObject({ type: 'subscribed', channel: 'rooms/7' })
    client.say({ type: 'publish', channel: 'rooms/7', data: 'hi' })
    expect(await client.next('message')).toMatchObject({ data: 'hi' })
  })

  test('C26 C27 what is received may take time, keeps its order, and may be bytes', async () => {
    const { url, wire } = await openWire()
    const heard: unknown[] = []
    wire.websocket('/echo', {
      async receive(message, session) {
        if (heard.length === 0) await new Promise((resolve) => setImmediate(resolve))
        heard.push(message)
        session.send(message)
      },
    })
    const client = await Client.open(url, '/echo')
    client.say({ n: 1 })
    client.say({ n: 2 })
    client.webSocket.send(new Uint8Array([1, 2, 3]))
    expect(await client.said.take(2)).toEqual([{ n: 1 }, { n: 2 }])
    expect([...new Uint8Array(await client.bytes.next())]).toEqual([1, 2, 3])
  })

  test('C38 what a hook throws is an error for the client, and the connection lives', async () => {
    const faults: unknown[] = []
    const { url, wire } = await openWire({ logger: { error: (fault) => faults.push(fault), warn: () => {} } })
    wire.websocket('/fragile', {
      receive(message) {
        if (message === 'boom') throw new Error('secret')
        return { type: 'ping' }
      },
    })
    const client = await Client.open(url, '/fragile')
    client.say('"boom"')
    const error = await client.said.next()
    expect(error).toMatchObject({ type: 'error', code: 'internal' })
    expect(JSON.stringify(error)).not.toContain('secret')
    client.say('"fine"')
    expect((await client.said.next()).type).toBe('ping')
    expect(faults).toHaveLength(1)
  })

  test.each(['now', 'earliest'])(
    'data of any depth that the application published gets through, from %s',
    async (after) => {
      const { url, wire } = await openWire()
      wire.websocket('/deep', { open: () => ({ type: 'subscribe', channel: 'deep', after }) })
      const deep: unknown = JSON.parse('['.repeat(100) + ']'.repeat(100))
      if (after === 'earliest') await wire.publish('deep', 'x', deep)
      const client = await Client.open(url, '/deep')
      await client.next('subscribed')
      if (after === 'now') await wire.publish('deep', 'x', deep)
      expect((await client.next('message'))['data']).toEqual(deep)
    },
  )

  test('C30 the application ends a connection with a code of its own', async () => {
    const { url, wire } = await openWire()
    wire.websocket('/short', { open: (session) => session.close(4001, 'not today') })
    expect(await new Client(url, '/short').closed).toEqual({ code: 4001, reason: 'not today' })
  })
})
