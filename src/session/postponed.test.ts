import { expect, test } from 'vitest'
import { EverwireError } from '../protocol/codes.ts'
import { Postponed } from './postponed.ts'

/** The publishes of a connection: `[ref]`, or `[ref, behind]`. */
function connection() {
  const postponed = new Postponed()
  const publish = (ref: number, behind?: number) => ({ ref, behind })
  return {
    refuse: (ref: number, code: 'overloaded' | 'forbidden' | 'token-expired' = 'overloaded') =>
      postponed.refused(publish(ref), new EverwireError(code, '')),
    settle: (ref: number) => postponed.settled(publish(ref)),
    /** What is refused is refused. */
    admits(ref: number, behind?: number): boolean {
      try {
        postponed.admit(publish(ref, behind))
        return true
      } catch (error) {
        postponed.refused(publish(ref, behind), error)
        return false
      }
    },
  }
}

test('whatever is behind waits, also behind what took effect meanwhile, and those that come again pass in their order', () => {
  const { refuse, settle, admits } = connection()
  refuse(1)
  settle(2)
  expect(admits(3, 2)).toBe(false)
  expect([admits(1), admits(3, 2), admits(4, 3)]).toEqual([true, true, true])
})

test('what comes again does not overtake an earlier one that was refused once more', () => {
  const { refuse, admits } = connection()
  refuse(1)
  refuse(2)
  expect(admits(1)).toBe(true)
  refuse(1)
  expect(admits(2, 1)).toBe(false)
  expect([admits(1), admits(2, 1)]).toEqual([true, true])
})

test('what the client has given up holds nobody up', () => {
  const { refuse, settle, admits } = connection()
  refuse(1)
  refuse(2)
  refuse(3)
  expect(admits(2, 1)).toBe(true)
  settle(2)
  expect(admits(3, 2)).toBe(true)
  refuse(3)
  expect(admits(4)).toBe(true)
  expect(admits(5, 4)).toBe(true)
})

test('what is refused for good holds nobody up, an old token does', () => {
  const { refuse, admits } = connection()
  refuse(1, 'forbidden')
  expect(admits(2, 1)).toBe(true)
  refuse(3, 'token-expired')
  expect(admits(4, 3)).toBe(false)
})

test('it remembers the last 1,024', () => {
  const { refuse, admits } = connection()
  for (let ref = 1; ref <= 1_025; ref++) refuse(ref)
  for (let ref = 2; ref <= 1_025; ref++) expect(admits(ref, ref - 1)).toBe(true)
  expect(admits(1_026, 1_025)).toBe(true)
})
