// The tasks of a page's main thread by the clock of that thread: one that takes long may only have waited for a processor.
import type { Browser } from 'playwright'

interface TraceEvent {
  readonly name: string
  readonly pid: number
  readonly tid: number
  /** Microseconds by the clock of the thread. */
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

/** Traces all pages from now on; what it returns ends that, and answers the milliseconds of the longest task. */
export async function longestTask(browser: Browser): Promise<() => Promise<number>> {
  const devtools = await browser.newBrowserCDPSession()
  const events: TraceEvent[] = []
  devtools.on('Tracing.dataCollected', ({ value }) => {
    // What the devtools protocol calls a trace event is an object of any kind.
    for (const event of value as unknown as TraceEvent[]) {
      if (event.name === 'thread_name' || event.name.endsWith('RunTask')) events.push(event)
    }
  })
  await devtools.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { traceBufferSizeInKb: 1_000_000, includedCategories: ['toplevel'] },
  })
  return async () => {
    const complete = new Promise<boolean>((resolve) =>
      devtools.once('Tracing.tracingComplete', ({ dataLossOccurred }) => resolve(dataLossOccurred)),
    )
    await devtools.send('Tracing.end')
    if (await complete) throw new Error('the browser has lost a part of its trace')
    await devtools.detach()
    const threads = events.filter(({ args }) => args?.name === 'CrRendererMain')
    const mains = new Set(threads.map(({ pid, tid }) => `${pid} ${tid}`))
    const tasks = events.filter(({ pid, tid, tdur }) => tdur !== undefined && mains.has(`${pid} ${tid}`))
    if (tasks.length === 0) throw new Error('the browser has traced no task of its pages')
    return tasks.reduce((longest, { tdur = 0 }) => Math.max(longest, tdur), 0) / 1_000
  }
}
