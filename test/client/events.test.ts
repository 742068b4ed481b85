import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventReader, type StreamEvent } from '../../src/client/transports/events.ts'

const line = fc.oneof(
  fc.constantFrom(
    '',
    '',
    'data',
    'data:',
    'data: a',
    'data:  b',
    'event: e',
    'id: 7',
    'id:',
    ': hb',
    'retry: 200',
  ),
  fc.string({ unit: fc.constantFrom('a', ':', ' ', 'ä', '😀', '"', '\u2028') }),
)
const stream = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n')))

test('C57: an event stream reads as the reference parser reads it, in whatever pieces it comes', () => {
  fc.assert(
    fc.property(stream, fc.infiniteStream(fc.integer({ min: 1, max: 5 })), (lines, sizes) => {
      const text = lines.map(([content, end]) => content + end).join('')
      const theirs: unknown[] = []
      const parser = createParser({
        onEvent: ({ event, id, data }) => theirs.push({ event: event || undefined, id, data }),
      })
      parser.feed(text)
      const ours: unknown[] = []
      const read = eventReader(
        ({ event, id, data }: StreamEvent) => ours.push({ event: event || undefined, id, data }),
        () => {},
      )
      for (let at = 0; at < text.length;) {
        const size = sizes.next().value ?? 1
        read(text.slice(at, (at += size)))
      }
      // A CR at the very end may be half of a CRLF: what it ends is known with the next byte.
      read('\n')
      parser.feed('\n')
      expect(ours).toEqual(theirs)
    }),
    { numRuns: 2_000 },
  )
})
