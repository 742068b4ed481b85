import { describe, expect, test } from 'vitest'
import { nearest } from '../../src/cli/nearest.ts'

describe('the nearest word', () => {
  const known = ['serve', 'publish', 'tail', 'demo', 'transport', 'since']

  test.each([
    ['serv', 'serve'],
    ['sevre', 'serve'],
    ['publsh', 'publish'],
    ['pub', 'publish'],
    ['TAIL', 'tail'],
    ['tali', 'tail'],
    ['transprot', 'transport'],
  ])('to %s is %s', (typed, expected) => {
    expect(nearest(typed, known)).toBe(expected)
  })

  test.each(['', 'x', 'frobnicate', 'watch'])('to "%s" is none', (typed) => {
    expect(nearest(typed, known)).toBeUndefined()
  })
})
