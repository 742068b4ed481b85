import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Router, static as files } from 'express'
import { welcome } from './visitor.ts'

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"

/** The built pages. Every path without a file is the application's own: links into it work. */
export function pages(): Router {
  const router = Router()
  router.use((_req, res, next) => {
    res.set({
      'content-security-policy': policy,
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    })
    next()
  })
  router.use('/assets', files(join(dist, 'assets'), { immutable: true, maxAge: '1y', fallthrough: false }))
  router.use(welcome, files(dist))
  router.get('/{*path}', (_req, res) => {
    if (existsSync(join(dist, 'index.html')))
      res.set('cache-control', 'no-cache').sendFile(join(dist, 'index.html'))
    else res.status(503).type('text').send('The pages are not built: run npm run build.\n')
  })
  return router
}
