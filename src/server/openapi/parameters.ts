import { type Part, ref } from './schemas.ts'

/** A parameter of the query. */
export function parameter(name: string, schema: Part, description: string, more: Part = {}): Part {
  return { name, in: 'query', description, schema, ...more }
}

/** The one channel that is asked about. */
export const channel = parameter('channel', ref('Channel'), 'The channel.', { required: true })

/** Which channels are followed, at most so many, and where they start. */
export function streamParameters(most: number): readonly Part[] {
  const channels = { type: 'array', items: ref('Channel'), minItems: 1, maxItems: most, uniqueItems: true }
  const starts = { type: 'array', items: ref('Start'), maxItems: most }
  return [
    parameter('channel', channels, 'The channels, each once.', { required: true }),
    parameter('after', starts, 'Where to start: once for all, or once for each channel in their order.'),
    parameter('last', ref('Last'), 'Instead of `after`.'),
    parameter('lastEventId', ref('Position'), 'Goes on from here; wins over `after` and `last`.'),
    {
      name: 'Last-Event-ID',
      in: 'header',
      description: 'Goes on from here; wins over every other start.',
      schema: ref('Position'),
    },
  ]
}
