import { describe, expect, test } from 'vitest'
import { partsOf } from '../../src/client/position.ts'
import { Track } from '../../src/client/track.ts'
import type { ChannelMessage, GapMessage, GapReason } from '../../src/protocol/messages.ts'

const at = (seq: number) => `${seq}-abcdefghij`
const message = (seq: number, previous?: number): ChannelMessage => ({
  type: 'message',
  channel: 'c',
  id: at(seq),
  event: 'e',
  data: null,
  time: 0,
  ...(previous === undefined ? {} : { previous: previous === 0 ? '0' : at(previous) }),
})
const gap = (reason: GapReason, id?: number): GapMessage => ({
  type: 'gap',
  channel: 'c',
  after: at(1),
  reason,
  ...(id === undefined ? {} : { id: at(id) }),
})

function started(seq: number): Track {
  const track = new Track({})
  track.started(at(seq))
  return track
}

describe('a track', () => {
  test('drops what it has seen, and what comes while it is not subscribed', () => {
    const track = started(5)
    expect([message(5), message(6), message(6), message(4)].map((one) => track.message(one))).toEqual([
      'drop',
      'deliver',
      'drop',
      'drop',
    ])
    track.pause()
    expect(track.message(message(9))).toBe('drop')
  })

  test('asks again once for what does not follow, then says so', () => {
    const track = started(5)
    expect(track.message(message(9, 7))).toBe('repair')
    expect(track.resumeFrom()).toEqual({ after: at(5) })
    track.started(at(5))
    expect(track.message(message(9, 7))).toBe('gap')
    expect(track.message(message(10, 9))).toBe('deliver')
    expect(track.message(message(12, 11))).toBe('repair')
  })

  test('a position that is told moves it on, so that what follows it is continuous', () => {
    const track = started(5)
    track.proved(partsOf(at(8)))
    expect(track.position).toBe(at(8))
    expect(track.message(message(9, 7))).toBe('deliver')
  })

  test('reads the floor of its own place in the list', () => {
    const track = started(5)
    track.proved(partsOf(`6-abcdefghij.0:7.2:30`), 2)
    expect(track.position).toBe(at(30))
    track.proved(partsOf(`9-abcdefghij.0:40`), 2)
    expect(track.position).toBe(at(30))
  })

  test('a start at a position is what was seen, whatever the server says', () => {
    const track = new Track({ after: at(5) })
    track.started(at(2))
    expect(track.message(message(4))).toBe('drop')
    expect(track.message(message(6))).toBe('deliver')
  })

  test('a gap moves it on; one that rolls back begins a new order', () => {
    const track = started(50)
    expect(track.gap(gap('expired', 60))).toBe('deliver')
    expect(track.message(message(61, 60))).toBe('deliver')
    track.gap(gap('rolled-back', 20))
    expect(track.message(message(21, 20))).toBe('deliver')
    expect(track.position).toBe(at(21))
  })

  test('a gap over what has come by the connection before is none', () => {
    const track = started(50)
    track.message(message(70, 50))
    expect([gap('expired', 60), gap('expired', 70), gap('rights', 65)].map((one) => track.gap(one))).toEqual([
      'drop',
      'drop',
      'drop',
    ])
    expect(track.gap(gap('expired', 71))).toBe('deliver')
    expect(track.gap(gap('rolled-back', 20))).toBe('deliver')
  })

  test('a gap after a place in a log that was left meanwhile is asked for again', () => {
    const track = started(50)
    track.gap(gap('other-log'))
    track.proved(partsOf('3-otherepoch1'))
    expect(track.gap(gap('other-log', 2))).toBe('repair')
    expect(track.resumeFrom()).toEqual({ after: '3-otherepoch1' })
  })

  test('a gap without a position keeps the one it had, and takes the next', () => {
    const track = started(50)
    track.gap(gap('other-log'))
    expect(track.resumeFrom()).toEqual({ after: at(50) })
    track.proved(partsOf(at(3)))
    expect(track.position).toBe(at(3))
  })

  test('takes every message of a snapshot, and starts anew when it is cut off inside', () => {
    const track = started(50)
    track.snapshot({ type: 'snapshot', channel: 'c', phase: 'begin' })
    expect([message(7), message(30)].map((one) => track.message(one))).toEqual(['deliver', 'deliver'])
    expect(track.resumeFrom()).toEqual({})
    track.snapshot({ type: 'snapshot', channel: 'c', phase: 'end', id: at(60) })
    expect(track.resumeFrom()).toEqual({ after: at(60) })
  })

  test('the end of a snapshot is where it stands, also in another log, and when another connection was ahead', () => {
    const track = started(5_000)
    const mark = (phase: 'begin' | 'end', id?: string) =>
      track.snapshot({ type: 'snapshot', channel: 'c', phase, ...(id === undefined ? {} : { id }) })
    mark('begin')
    mark('end', '100-otherepoch1')
    expect(track.position).toBe('100-otherepoch1')
    expect(track.message({ ...message(101), id: '101-otherepoch1' })).toBe('deliver')
    mark('begin')
    mark('end', '90-otherepoch1')
    expect(track.message({ ...message(101), id: '101-otherepoch1' })).toBe('deliver')
  })

  test('a subscription that was asked for before a snapshot began cannot end it', () => {
    const track = started(50)
    track.resumeFrom()
    track.snapshot({ type: 'snapshot', channel: 'c', phase: 'begin' })
    expect(track.started(at(50))).toBe(false)
    track.resumeFrom()
    expect(track.started(at(60))).toBe(true)
  })

  test('signals pass', () => {
    const track = started(5)
    const { id: _id, ...signal } = message(1)
    expect(track.message(signal)).toBe('deliver')
    expect(track.position).toBe(at(5))
  })
})
