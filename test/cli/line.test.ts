import { expect, test } from 'vitest'
import { Lines, messageObject } from '../../src/cli/line.ts'
import { Terminal } from '../../src/cli/terminal.ts'

const time = new Date(2026, 0, 2, 3, 4, 5, 6).getTime()
const terminal = new Terminal(false)

test('a message is one aligned line', () => {
  const lines = new Lines(terminal, ['a', 'pets/1'])
  const first = lines.text({ channel: 'a', event: 'statusChanged', data: { x: 1 }, time })
  const second = lines.text({ channel: 'pets/1', event: 'note', data: 'plain', time })
  expect(first).toBe('03:04:05.006  a       statusChanged  {"x":1}')
  expect(second).toBe('03:04:05.006  pets/1  note           plain')
})

test('one channel is not repeated on every line', () => {
  const lines = new Lines(terminal, ['a'])
  expect(lines.text({ channel: 'a', event: 'message', data: null, time })).toBe('03:04:05.006  message  null')
})

test('what is published cannot steer the terminal', () => {
  const lines = new Lines(terminal, ['a'])
  const text = lines.text({ channel: 'a', event: 'e\u009b31m', data: 'x\u001b[2J\u009b2J\ny\u007f', time })
  expect(text).toBe(String.raw`03:04:05.006  e\u009b31m  x\u001b[2J\u009b2J\ny\u007f`)
})

test('slots, removals and bytes are shown', () => {
  const lines = new Lines(terminal, ['a'])
  expect(lines.text({ channel: 'a', event: 'e', data: null, time, slot: 'me', removed: true })).toContain(
    'me  removed',
  )
  expect(lines.text({ channel: 'a', event: 'e', data: new Uint8Array([1, 2, 3]), time })).toContain(
    '<3 bytes> AQID',
  )
})

test('as JSON, a message has the shape that it has on the wire', () => {
  expect(messageObject({ channel: 'a', id: '1-x', event: 'e', data: new Uint8Array([1]), time: 5 })).toEqual({
    type: 'message',
    channel: 'a',
    id: '1-x',
    event: 'e',
    data: 'AQ==',
    time: 5,
    encoding: 'base64',
  })
})
