import type { Browser } from 'playwright'
import { onTestFinished } from 'vitest'

/** A page that only the developer tools' protocol knows: playwright keeps those of its own in sight, so that none can be frozen. */
export interface RawPage {
  send(method: string, params?: object): Promise<unknown>
  /** Runs in the page; the answer and what is given travel as JSON. */
  evaluate<Given, Answer>(run: (given: Given) => Answer | Promise<Answer>, given: Given): Promise<Answer>
}

interface Answered {
  readonly id?: number
  readonly result?: { readonly result?: { readonly value?: unknown }; readonly exceptionDetails?: object }
  readonly error?: { readonly message: string }
}

export async function openRawPage(browser: Browser, url: string): Promise<RawPage> {
  const tools = await browser.newBrowserCDPSession()
  const { browserContextId } = await tools.send('Target.createBrowserContext')
  onTestFinished(async () => {
    await tools.send('Target.disposeBrowserContext', { browserContextId })
  })
  const { targetId } = await tools.send('Target.createTarget', { url: 'about:blank', browserContextId })
  const { sessionId } = await tools.send('Target.attachToTarget', { targetId, flatten: false })
  const waiting = new Map<number, (answer: Answered) => void>()
  const loaded = new Promise<void>((resolve) => {
    tools.on('Target.receivedMessageFromTarget', (event) => {
      if (event.sessionId !== sessionId) return
      const message: Answered & { readonly method?: string } = JSON.parse(event.message)
      if (message.method === 'Page.loadEventFired') resolve()
      if (message.id !== undefined) waiting.get(message.id)?.(message)
    })
  })
  let ids = 0
  const send = async (method: string, params: object = {}) => {
    const id = ++ids
    const answer = new Promise<Answered>((resolve) => waiting.set(id, resolve))
    await tools.send('Target.sendMessageToTarget', {
      sessionId,
      message: JSON.stringify({ id, method, params }),
    })
    const { result, error } = await answer
    if (error) throw new Error(`${method}: ${error.message}`)
    return result
  }
  await send('Page.enable')
  await send('Page.navigate', { url })
  await loaded
  return {
    send,
    async evaluate(run, given) {
      const expression = `(${String(run)})(${JSON.stringify(given) ?? ''})`
      const result = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
      if (result?.exceptionDetails) throw new Error(JSON.stringify(result.exceptionDetails))
      // JSON of what the function answers.
      return result?.result?.value as never
    },
  }
}
