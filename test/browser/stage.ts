import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { everwire } from 'everwire'
import type { BrowserContext, Page } from 'playwright'
import { onTestFinished } from 'vitest'
import { listening } from '../support/port.ts'
import { chaosProxy } from '../support/chaos-proxy.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The client as a page loads it, under the global name `everwire`. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ['src/client/index.ts'],
    absWorkingDir: root,
    bundle: true,
    format: 'iife',
    globalName: 'everwire',
    platform: 'browser',
    target: 'es2022',
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

/** A server with pages that have the client, and a path to it that can be broken. */
export async function openStage(options: Parameters<typeof everwire>[0] = {}) {
  const wire = everwire({ dev: true, ...options })
  const script = await bundle()
  const server = createServer((request, response) => {
    const isScript = request.url === '/client.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : '<!doctype html><title>a page</title><script src="/client.js"></script>')
  })
  wire.attach(server, '/wire')
  const proxy = await chaosProxy(await listening(server))
  onTestFinished(async () => {
    await proxy.close()
    await wire.close()
    server.closeAllConnections()
    server.close()
  })
  return { wire, server, proxy, url: proxy.url }
}

/** A page of its own with the client; an error of the page fails the test. */
export async function openPage(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  onTestFinished(() => {
    if (errors.length > 0) throw new Error(errors.join('\n'))
  })
  await page.goto(url)
  return page
}
