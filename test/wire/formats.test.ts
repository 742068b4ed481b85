import { createParser, type EventSourceMessage } from 'eventsource-parser'
import fc from 'fast-check'
import { crc32, createInflateRaw, gunzipSync, inflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Outgoing, WireFormat } from '../../src/hub/format.ts'
import { Frame } from '../../src/hub/frame.ts'
import { defaultMemory, MemoryBudget, Topic } from '../../src/hub/topic.ts'
import { formatEvent } from '../../src/protocol/sse.ts'
import { crcAppend, crcShift } from '../../src/server/formats/crc.ts'
import { deflateFrame, textFrame } from '../../src/server/formats/frames.ts'
import { gzipHead, gzipPiece, GzipSum, joinPieces } from '../../src/server/formats/gzip.ts'
import { messageJson } from '../../src/server/formats/json.ts'
import { packings, streamEnds } from '../../src/server/formats/packing.ts'
import { pollFormat } from '../../src/server/formats/poll.ts'
import { Lineage } from '../../src/log/lineage.ts'
import { sseFormats } from '../../src/server/formats/sse.ts'
import { webSocketFormats } from '../../src/server/formats/ws.ts'

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
const runs = { seed, numRuns: 10_000 }

function outgoing(part: Partial<Outgoing> = {}): Outgoing {
  return {
    channel: 'a',
    id: '7-abcdefghijkl',
    event: 'tick',
    data: '{"n":1}',
    time: 12,
    previous: '6-abcdefghijkl',
    slot: undefined,
    removed: false,
    ...part,
  }
}

function parsed(text: string): EventSourceMessage[] {
  const events: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (event) => void events.push(event) })
  parser.feed(text)
  return events
}

describe(`event streams (seed ${seed})`, () => {
  test('C4 C5 [7.9] an independent parser reads 10,000 random events as they were', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 })
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .filter((event) => !/[\r\n\0]/.test(event))
    fc.assert(
      fc.property(name, text, fc.stringMatching(/^[0-9a-z.-]{1,30}$/), (event, data, id) => {
        const [found, ...more] = parsed(formatEvent({ event, data, id }))
        expect(more).toEqual([])
        // All three line ends are read as one.
        expect(found).toEqual({
          event: event === 'message' ? undefined : event,
          id,
          data: data.replace(/\r\n?/g, '\n'),
        })
      }),
      runs,
    )
  })

  test('C5 JSON on several lines comes back byte for byte', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const data = JSON.stringify(JSON.parse(json), null, 2)
        expect(parsed(formatEvent({ data }))[0]?.data).toBe(data)
      }),
      { seed, numRuns: 1_000 },
    )
  })

  test('[7.9] nothing in a name or an id can begin a line of its own', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (event, id) => {
        const lines = formatEvent({ event, id, data: 'x' }).split(/\r\n|\r|\n/)
        expect(lines.every((line) => /^(event|id|data): |^$/.test(line))).toBe(true)
        expect(lines.join('')).not.toContain('\0')
      }),
      runs,
    )
  })

  test('C19 split at every byte, whole characters arrive', () => {
    const bytes = Buffer.from(formatEvent({ event: 'wave', data: '"👋🏽 größer 日本"' }))
    for (let i = 1; i < bytes.length; i++) {
      const decoder = new TextDecoder()
      const text = decoder.decode(bytes.subarray(0, i), { stream: true }) + decoder.decode(bytes.subarray(i))
      expect(parsed(text)[0]?.data).toBe('"👋🏽 größer 日本"')
    }
  })
})

describe('the object of a message', () => {
  test('[5.3] is the stored text in its place, never parsed again', () => {
    // Neither spaces, nor an order, nor digits that JSON.stringify would write.
    const data = '{ "b":1.0, "a":[1e2,"\\u00e9"] }'
    expect(messageJson(outgoing({ data }))).toBe(
      `{"type":"message","channel":"a","id":"7-abcdefghijkl","event":"tick","data":${data},"time":12,"previous":"6-abcdefghijkl"}`,
    )
  })

  test('[1.4] [5.4] has id, slot and removed when they are there', () => {
    expect(messageJson(outgoing({ id: undefined, previous: undefined }))).toBe(
      '{"type":"message","channel":"a","event":"tick","data":{"n":1},"time":12}',
    )
    expect(messageJson(outgoing({ previous: undefined, slot: '', removed: true, data: 'null' }))).toBe(
      '{"type":"message","channel":"a","id":"7-abcdefghijkl","event":"tick","data":null,"time":12,"slot":"","removed":true}',
    )
  })

  test('is JSON for any channel, event and slot', () => {
    const text = fc.string({ unit: 'binary', maxLength: 30 })
    fc.assert(
      fc.property(text, text, text, fc.json(), (channel, event, slot, data) => {
        const object = JSON.parse(messageJson(outgoing({ channel, event, slot, data })))
        expect(object).toMatchObject({ channel, event, slot })
        expect(object.data).toEqual(JSON.parse(data))
      }),
      { seed, numRuns: 1_000 },
    )
  })
})

describe('WebSocket frames', () => {
  test.each([0, 1, 125, 126, 65_535, 65_536, 70_000])('a text of %i bytes', (length) => {
    const frame = textFrame('x'.repeat(length))
    const expected =
      length < 126
        ? [0x81, length]
        : length < 65_536
          ? [0x81, 126, length >> 8, length & 0xff]
          : [0x81, 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 0xff, length & 0xff]
    expect([...frame.subarray(0, expected.length)]).toEqual(expected)
    expect(frame.length).toBe(expected.length + length)
  })

  test('C31 a large one is compressed without what went before, a small one not at all', () => {
    const small = textFrame('x'.repeat(1_000))
    expect(deflateFrame(small)).toBe(small)
    const text = JSON.stringify({ text: 'lorem ipsum '.repeat(500) })
    const frame = deflateFrame(textFrame(text))
    expect(frame[0]).toBe(0xc1)
    expect(frame.length).toBeLessThan(text.length / 10)
    const payload = frame.subarray((frame[1] ?? 0) < 126 ? 2 : 4)
    const inflated = inflateRawSync(Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]), {
      finishFlush: 2,
    })
    expect(inflated.toString()).toBe(text)
  })

  test('what does not shrink is sent as it is', () => {
    const noise = Array.from({ length: 700 }, (_, i) =>
      String.fromCodePoint(0x4e00 + ((i * 7_919) % 20_000)),
    ).join('')
    const frame = textFrame(noise)
    expect(deflateFrame(frame).length).toBeLessThanOrEqual(frame.length)
  })
})

describe('gzip', () => {
  test('the sum of parts is the sum of the whole', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (a, b) => {
        const shift = crcShift(b.length)
        expect(crcAppend(crc32(a), crc32(b), shift)).toBe(crc32(Buffer.concat([a, b])))
      }),
      runs,
    )
    const large = Buffer.alloc(1_000_003, 'x')
    expect(crcAppend(crc32('before'), crc32(large), crcShift(large.length))).toBe(
      crc32(Buffer.concat([Buffer.from('before'), large])),
    )
  })

  test('C17 any pieces, single or joined, are one stream with a right trailer', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string({ maxLength: 400 }), { minLength: 1, maxLength: 4 }), { maxLength: 8 }),
        (writes) => {
          const sum = new GzipSum()
          const sent: Uint8Array[] = [gzipHead]
          for (const texts of writes) {
            const pieces = texts.map((text) => gzipPiece(Buffer.from(text)))
            const write = pieces.length === 1 ? (pieces[0] ?? gzipHead) : joinPieces(pieces)
            sum.add(write)
            sent.push(write)
          }
          sent.push(sum.trailer())
          expect(gunzipSync(Buffer.concat(sent)).toString()).toBe(writes.flat().join(''))
        },
      ),
      { seed, numRuns: 1_000 },
    )
  })

  test('C17 [7.10] every piece can be read when it has arrived', async () => {
    const inflate = createInflateRaw()
    for (const text of ['short', 'long '.repeat(1_000), ': hb\n']) {
      inflate.write(gzipPiece(Buffer.from(text)))
      let read = ''
      while (read.length < text.length) {
        const chunk: Buffer | null = inflate.read()
        if (chunk) read += chunk.toString()
        else await new Promise((resolve) => inflate.once('readable', resolve))
      }
      expect(read).toBe(text)
    }
    inflate.destroy()
  })

  test('chunked pieces count as the same', () => {
    const { chunked } = packings.gzip
    const ends = streamEnds(chunked)
    const sent = ['a', 'b'.repeat(500)].map((text) => chunked.pack(text))
    for (const bytes of sent) ends.sent(bytes)
    const body = [ends.head, ...sent, ends.tail()].map((bytes) => {
      const end = Buffer.from(bytes).indexOf('\r\n')
      return Buffer.from(bytes).subarray(end + 2, -2)
    })
    expect(gunzipSync(Buffer.concat(body)).toString()).toBe(`a${'b'.repeat(500)}`)
  })
})

describe('sharing', () => {
  const formats: readonly WireFormat[] = [
    webSocketFormats.plain,
    webSocketFormats.arrays,
    webSocketFormats.deflate,
    pollFormat,
    ...[sseFormats.bare, sseFormats.envelope].flatMap(({ gzip, identity }) => [
      gzip.plain,
      gzip.chunked,
      identity.plain,
      identity.chunked,
    ]),
  ]

  test.each(formats.map((format) => [format.name, format] as const))(
    'C31 %s: 100 readers, one encoding',
    (_, format) => {
      let encodings = 0
      const counting: WireFormat = Object.create(format, {
        message: {
          value(message: Outgoing) {
            encodings++
            return format.message(message)
          },
        },
        // Formats keep what is theirs to themselves.
        join: { value: format.join?.bind(format) },
      })
      const topic = new Topic('a', 0, new MemoryBudget(defaultMemory))
      for (let n = 0; n < 2; n++) topic.readers.add({ wake: () => {}, signal: () => {} })
      const lineage = new Lineage([{ name: 'abcdefghijkl', first: 1, proved: true }])
      for (let seq = 1; seq <= 3; seq++)
        topic.push(new Frame({ ...outgoing(), seq, previous: undefined }, lineage))
      const seen = new Set(Array.from({ length: 100 }, () => topic.between(0, 3).bytes(counting)))
      expect(seen.size).toBe(1)
      expect(encodings).toBe(3)
    },
  )

  test('every format has a name of its own', () => {
    expect(new Set(formats.map(({ name }) => name)).size).toBe(formats.length)
  })
})
