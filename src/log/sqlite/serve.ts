import { parentPort, receiveMessageOnPort } from 'node:worker_threads'
import type { Answered, Asked, Started } from './wire.ts'

/** The worker's end of its wire. */
export interface Port<Request> {
  /** Everything that has come by now. */
  take(): readonly Asked<Request>[]
  answer(answers: readonly Answered[]): void
  /** Serves no more. */
  close(): void
}

/** Serves requests in this worker: calls `serve` whenever some have come. */
export function serveRequests<Request>(
  started: Started,
  serve: (first: readonly Asked<Request>[], port: Port<Request>) => void,
): void {
  const port = parentPort
  if (!port) throw new Error('this file is a worker of the SQLite log: use sqliteLog()')
  const mine: Port<Request> = {
    take: () => {
      const taken: Asked<Request>[] = []
      for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
        taken.push(...next.message)
      }
      return taken
    },
    answer: (answers) => port.postMessage(answers),
    close: () => port.close(),
  }
  port.postMessage(started)
  if ('refusal' in started) {
    port.close()
    return
  }
  port.on('message', (first: readonly Asked<Request>[]) => serve(first, mine))
}
