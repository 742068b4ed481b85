import { readFile } from 'node:fs/promises'
import { EverwireError } from '../../protocol/codes.ts'
import type { Exchange } from '../exchange.ts'

/** The page and what it loads, by path below the base. */
const files: Readonly<Record<string, { readonly name: string; readonly type: string }>> = {
  '/doctor': { name: 'page.html', type: 'text/html; charset=utf-8' },
  '/doctor/page.js': { name: 'page.js', type: 'text/javascript; charset=utf-8' },
  '/doctor/page.css': { name: 'page.css', type: 'text/css; charset=utf-8' },
}

// As built beside this file, or, when the sources run, where a build of the checkout left them.
const places = ['../../doctor/page/', '../../../dist/doctor/page/'].map(
  (place) => new URL(place, import.meta.url),
)

const headers = {
  'cache-control': 'no-cache',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex',
  'referrer-policy': 'no-referrer',
  // A page that is opened by a link may not be framed, and runs nothing but its own file. `ws:` because older
  // browsers do not count a WebSocket to the same host as 'self'.
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}

export function isFile(path: string): boolean {
  return Object.hasOwn(files, path)
}

/** Answers a file of the page. Throws `not-found` where the page has not been built. */
export async function serveFile(exchange: Exchange): Promise<void> {
  const file = files[exchange.path]
  const bytes = file && (await read(file.name))
  if (!bytes) throw new EverwireError('not-found', 'the page is not built here: run `npm run build`')
  exchange.answer(200, { ...headers, 'content-type': file.type }, bytes)
}

async function read(name: string): Promise<Uint8Array | undefined> {
  for (const place of places) {
    try {
      return await readFile(new URL(name, place))
    } catch (error) {
      const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      if (!absent) throw error
    }
  }
  return undefined
}
