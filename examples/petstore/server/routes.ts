import { json, Router, type NextFunction, type Request, type Response } from 'express'
import { z } from 'zod'
import { recordKinds, type NoticePage, type PetList, type PetPage } from '../domain.ts'
import type { Outbox } from './outbox.ts'
import type { Shelter } from './shelter.ts'
import { visitorOf, withRole } from './visitor.ts'

const line = (max: number) => z.string().trim().min(1).max(max)
const newRecord = z.object({ kind: z.enum(recordKinds), note: line(400), vet: line(60).optional() })
const newNotice = z.object({ title: line(80), body: line(280), href: z.string().startsWith('/').optional() })
const newRole = z.object({ role: z.enum(['adopter', 'coordinator']) })

export interface RoutesOptions {
  readonly shelter: Shelter
  readonly outbox: Outbox
  readonly position: () => Promise<string>
  /** Runs between taking the position and reading the state; for tests of just that moment. */
  readonly beforeRead?: (() => Promise<void>) | undefined
}

/** The REST side. Reads hand out the position that was taken before the state, so that a page misses nothing. */
export function routes({ shelter, outbox, position, beforeRead }: RoutesOptions): Router {
  const router = Router()
  router.use(json({ limit: '16kb' }))

  async function positionFirst(): Promise<string> {
    const taken = await position()
    await beforeRead?.()
    return taken
  }

  router.get('/pets', async (_req, res: Response<PetList>) => {
    const taken = await positionFirst()
    res.json({ position: taken, pets: shelter.pets() })
  })

  router.get('/pets/:id', async (req, res) => {
    const taken = await positionFirst()
    const pet = shelter.pet(req.params.id)
    if (!pet) return refuse(res, 404, 'not-found', `There is no pet ${req.params.id}.`)
    res.json({ ...pet, position: taken, records: shelter.records(pet.id) } satisfies PetPage)
  })

  router.post('/pets/:id/adopt', async (req, res) => {
    if (!shelter.pet(req.params.id)) return refuse(res, 404, 'not-found', `There is no pet ${req.params.id}.`)
    const by = visitorOf(req).name
    const change = shelter.setStatus(req.params.id, 'ADOPTED', by)
    if (!change) return refuse(res, 409, 'already-adopted', 'Somebody was faster: this pet has a home now.')
    const name = shelter.pet(change.id)?.name ?? 'A pet'
    shelter.notify(`${name} has a home`, `${by} has just adopted ${name}.`, `/pets/${change.id}`)
    await outbox.flush()
    res.json(change)
  })

  router.post('/pets/:id/return', async (req, res) => {
    const pet = shelter.pet(req.params.id)
    if (!pet) return refuse(res, 404, 'not-found', `There is no pet ${req.params.id}.`)
    const { name, role } = visitorOf(req)
    if (role !== 'coordinator' && pet.adoptedBy !== name)
      return refuse(
        res,
        403,
        'forbidden',
        `Only the shelter or ${pet.adoptedBy ?? 'the adopter'} can undo this.`,
      )
    const change = shelter.setStatus(pet.id, 'AVAILABLE', null)
    if (!change) return refuse(res, 409, 'not-adopted', 'This pet is available already.')
    await outbox.flush()
    res.json(change)
  })

  router.post('/pets/:id/records', staffOnly, async (req: Request<{ id: string }>, res) => {
    if (!shelter.pet(req.params.id)) return refuse(res, 404, 'not-found', `There is no pet ${req.params.id}.`)
    const parsed = newRecord.safeParse(req.body)
    if (!parsed.success) return refuse(res, 422, 'bad-record', z.prettifyError(parsed.error))
    const { kind, note, vet = visitorOf(req).name } = parsed.data
    const record = shelter.addRecord(req.params.id, { kind, note, vet })
    await outbox.flush()
    res.status(201).json(record)
  })

  // GET /v1/notifications is the event stream; this is the list that the bell opens with.
  router.get('/notifications/recent', async (_req, res: Response<NoticePage>) => {
    const taken = await positionFirst()
    res.json({ position: taken, notices: shelter.notices() })
  })

  router.post('/notifications', staffOnly, async (req, res) => {
    const parsed = newNotice.safeParse(req.body)
    if (!parsed.success) return refuse(res, 422, 'bad-notification', z.prettifyError(parsed.error))
    const notice = shelter.notify(parsed.data.title, parsed.data.body, parsed.data.href)
    await outbox.flush()
    res.status(201).json(notice)
  })

  router.get('/me', (req, res) => {
    res.json(visitorOf(req))
  })

  router.put('/me', (req, res) => {
    const parsed = newRole.safeParse(req.body)
    if (!parsed.success) return refuse(res, 422, 'bad-role', z.prettifyError(parsed.error))
    res.json(withRole(req, res, parsed.data.role))
  })

  return router
}

function staffOnly(req: Request<{ id: string }>, res: Response, next: NextFunction): void {
  if (visitorOf(req).role === 'coordinator') next()
  else refuse(res, 403, 'forbidden', 'This is for the staff: switch to coordinator first.')
}

function refuse(res: Response, status: number, code: string, message: string): void {
  res.status(status).json({ error: { code, message } })
}
