import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

/** The next line that a child prints; throws when it ends. */
export function lines(child: ChildProcess): () => Promise<string> {
  if (!child.stdout) throw new Error('the child has no standard output')
  const iterator = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return async () => {
    const { value, done } = await iterator.next()
    if (done) throw new Error('the child has ended')
    return value
  }
}
