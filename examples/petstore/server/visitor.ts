import { randomUUID } from 'node:crypto'
import type { NextFunction, Request, Response } from 'express'
import type { Role, Visitor } from '../domain.ts'

const names =
  'Mia Noah Lena Omar Ida Felix Zoe Jonas Amina Leo Clara Ravi Nora Elias Yuki Hugo Sofia Milan Tara Emil Maya Anton Luz Kai'.split(
    ' ',
  )

/** Counts on from somewhere, so that two who come after each other are not namesakes. */
let guests = Math.floor(Math.random() * names.length)

/**
 * There is no login: whoever comes gets a name, kept in a cookie. A caller without a cookie (curl, a script) speaks
 * for the shelter. An application with accounts looks up its session here instead.
 */
export function visitorOf(req: { readonly headers: Readonly<{ cookie?: string | undefined }> }): Visitor {
  const cookie = /(?:^|;\s*)visitor=([^;]+)/.exec(req.headers.cookie ?? '')?.[1]
  const [id, name, role] = (cookie ?? '').split('.')
  if (!id || !name || !/^[\w-]{1,64}$/.test(id) || !names.includes(name)) {
    return { id: 'script', name: 'Shelter', role: 'coordinator' }
  }
  return { id, name, role: role === 'coordinator' ? 'coordinator' : 'adopter' }
}

/** Gives a browser that comes for the first time its name. */
export function welcome(req: Request, res: Response, next: NextFunction): void {
  if (visitorOf(req).id === 'script' && req.accepts(['json', 'html']) === 'html') {
    const name = names[guests++ % names.length] ?? 'Mia'
    remember(res, { id: randomUUID(), name, role: 'adopter' })
  }
  next()
}

export function withRole(req: Request, res: Response, role: Role): Visitor {
  const visitor = { ...visitorOf(req), role }
  if (visitor.id !== 'script') remember(res, visitor)
  return visitor
}

function remember(res: Response, { id, name, role }: Visitor): void {
  res.cookie('visitor', `${id}.${name}.${role}`, { httpOnly: true, sameSite: 'lax', maxAge: 90 * 86_400_000 })
}
