import fc from 'fast-check'
import type { Start } from '../../../src/protocol/messages.ts'
import { Client, type Transport } from './client.ts'
import { channels, World, type ChannelName } from './world.ts'

/** One thing that happens. Numbers are taken modulo what is there. */
type Command =
  | {
      readonly do: 'publish'
      readonly channel: ChannelName
      readonly slot: string
      readonly removed: boolean
    }
  | {
      readonly do: 'publish twice'
      readonly channel: ChannelName
      readonly slot: string
      readonly key: string
    }
  | { readonly do: 'burst'; readonly channel: ChannelName; readonly count: number }
  | { readonly do: 'run'; readonly pick: number; readonly times: number }
  | { readonly do: 'receive'; readonly client: number; readonly bytes: number }
  | { readonly do: 'drop' | 'reconnect'; readonly client: number; readonly publishBetween: boolean }
  | { readonly do: 'switch'; readonly client: number; readonly transport: Transport }
  | { readonly do: 'add'; readonly client: number; readonly channel: ChannelName; readonly start: Start }
  | { readonly do: 'lose step' | 'double step' | 'tick' | 'sweep' | 'heal' | 'lose log' }
  | { readonly do: 'wait'; readonly ms: number }

const channel = fc.constantFrom(...channels)
const slot = fc.constantFrom('a', 'b', 'c')
const client = fc.nat(2)
const start: fc.Arbitrary<Start> = fc.oneof(
  fc.constant({}),
  fc.constant({ after: 'earliest' }),
  fc.constant({ after: 'now' }),
  fc.record({ last: fc.integer({ min: 0, max: 5 }) }),
)
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant('publish' as const), channel, slot, removed: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('publish twice' as const),
      channel: fc.constantFrom('all/1' as const, 'latest/1' as const),
      slot,
      key: fc.constantFrom('k', 'l'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('burst' as const),
      channel,
      count: fc.integer({ min: 2, max: 30 }),
    }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constant('run' as const),
      pick: fc.nat(3),
      times: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('receive' as const), client, bytes: fc.nat(2_000) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('drop' as const), client, publishBetween: fc.boolean() }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('reconnect' as const), client, publishBetween: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('switch' as const),
      client,
      transport: fc.constantFrom('stream' as const, 'socket' as const),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), client, channel, start }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'lose step' as const,
        'double step' as const,
        'tick' as const,
        'sweep' as const,
        'heal' as const,
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(50, 200, 400, 1_100) }),
  },
)
const rarely: fc.Arbitrary<Command> = fc.constant({ do: 'lose log' as const })

/** A story: two parts, with the loss of the whole log between them now and then. */
const story = fc
  .tuple(
    fc.array(command, { minLength: 10, maxLength: 120, size: 'max' }),
    fc.option(rarely, { freq: 6 }),
    fc.array(command, { maxLength: 60, size: 'max' }),
  )
  .map(([before, loss, after]) => [...before, ...(loss ? [loss] : []), ...after])

/** Runs `runs` random stories; throws with the seed and the shortest failing one. */
export async function checkStreams(runs: number, seed?: number): Promise<{ readonly received: number }> {
  const total = { received: 0 }
  await fc.assert(
    fc.asyncProperty(story, fc.integer({ min: 150, max: 3_000 }), async (commands, capacity) => {
      total.received += await tell(commands, capacity)
    }),
    { numRuns: runs, ...(seed === undefined ? {} : { seed }), endOnFailure: false },
  )
  return total
}

async function tell(commands: readonly Command[], capacity: number): Promise<number> {
  const world = await World.open()
  const clients = [
    new Client(world, 'stream', capacity),
    new Client(world, 'socket', capacity),
    new Client(world, 'stream', capacity * 4),
  ]
  for (const each of commands) await perform(world, clients, each)
  await heal(world, clients)
  for (const each of clients) await each.complete()
  if (world.reports.length > 0) throw new Error('something was reported', { cause: world.reports[0] })
  world.hub.close()
  return clients.reduce((sum, { received }) => sum + received, 0)
}

async function perform(world: World, clients: readonly Client[], command: Command): Promise<void> {
  const one = 'client' in command ? clients[command.client] : undefined
  switch (command.do) {
    case 'publish':
      return world.publish(command.channel, command.slot, command.removed, undefined)
    case 'publish twice':
      await world.publish(command.channel, command.slot, false, command.key)
      return world.publish(command.channel, command.slot, false, command.key)
    case 'burst':
      for (let i = 0; i < command.count; i++)
        await world.publish(command.channel, 'abc'[i % 3] ?? 'a', i % 7 === 6, undefined)
      return
    case 'run':
      for (let i = 0; i < command.times; i++) await world.scheduler.run(command.pick)
      return
    case 'receive':
      return one?.receive(command.bytes)
    case 'drop':
      return one?.drop()
    case 'reconnect':
      return one?.connect(async () => {
        if (command.publishBetween) await world.publish('all/1', 'a', false, undefined)
      })
    case 'switch':
      return one?.switchTo(command.transport)
    case 'add':
      if (one && !one.channels.includes(command.channel)) one.add(command.channel, command.start)
      return one?.connect(async () => {})
    case 'lose step':
      world.faults.lose = 1
      return
    case 'double step':
      world.faults.double = 1
      return
    case 'tick':
      for (const each of clients) each.tick()
      return
    case 'sweep':
      return world.sweep()
    case 'heal':
      return world.hub.heal()
    case 'lose log':
      for (const each of clients) each.drop()
      return world.restart()
    case 'wait':
      world.now += command.ms
      return world.sweep()
  }
}

/** No more faults: everybody comes back and reads until nothing is left. */
async function heal(world: World, clients: readonly Client[]): Promise<void> {
  world.faults.lose = 0
  world.faults.double = 0
  for (let round = 0; round < 200; round++) {
    await world.hub.heal()
    await world.scheduler.drain()
    for (const each of clients) {
      await each.connect(async () => {})
      each.tick()
      await each.receive(1e9)
    }
    await world.scheduler.drain()
    if (round > 2 && clients.every(({ unread }) => unread === 0) && world.scheduler.size === 0) return
  }
  throw new Error('the clients never came to rest')
}
