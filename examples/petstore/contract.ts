import { defineContract } from 'everwire'
import { z } from 'zod'
import { recordKinds } from './domain.ts'

const petId = z.string().regex(/^\d{1,6}$/)
const instant = z.iso.datetime()
const name = z.string().min(1).max(40)

/** What travels on which channel: types both ends, and is checked at the server's border. */
export const contract = defineContract({
  'pets/*': {
    events: {
      statusChanged: z.object({ id: petId, status: z.enum(['AVAILABLE', 'ADOPTED']), updatedAt: instant }),
    },
  },
  'medical/*': {
    events: {
      recordAdded: z.object({
        id: z.string(),
        petId,
        kind: z.enum(recordKinds),
        note: z.string(),
        vet: z.string(),
        at: instant,
      }),
    },
  },
  notifications: {
    events: {
      message: z.object({
        id: z.string(),
        title: z.string(),
        body: z.string(),
        at: instant,
        href: z.string().optional(),
      }),
    },
  },
  'chat/*': {
    events: {
      message: z.object({
        type: z.literal('message'),
        /** Made by whoever writes, so that the writer's page knows its own message again. */
        id: z.string().max(64).optional(),
        text: z.string().trim().min(1).max(1000),
        /** What the page says of itself. Where names matter, let a handler publish, who knows the user. */
        user: name,
        role: z.enum(['adopter', 'coordinator']),
        /** By the writer's clock; the message itself has the server's. */
        timestamp: instant.optional(),
      }),
    },
    presence: z.object({ name, role: z.enum(['adopter', 'coordinator']) }),
  },
  'typing/*': {
    events: { typing: z.object({ type: z.literal('typing'), user: name }) },
  },
  ticker: {
    events: { tick: z.object({ n: z.int() }) },
  },
})
