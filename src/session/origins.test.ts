import { expect, test } from 'vitest'
import { isLoopback } from './origins.ts'

const local = ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1', 'localhost', 'app.localhost', '[::1]']
const ported = ['127.0.0.1:80', 'localhost:3000', 'a.b.localhost:1', '[::1]:80', '[::ffff:127.0.0.1]:80']

test.each([...local, ...ported])('%s names this machine only', (host) => {
  expect(isLoopback(host)).toBe(true)
})

const others = [
  '',
  '10.0.0.1',
  '127.0.0.1.example',
  'localhost.example',
  'notlocalhost',
  '::1:80',
  '::2',
  '::',
  '[::]',
]

test.each([...others, 'localhost:', '127.0.0.1\n', 'a\n.localhost'])('%j may name another', (host) => {
  expect(isLoopback(host)).toBe(false)
})
