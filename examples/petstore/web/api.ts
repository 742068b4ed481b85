import type {
  MedicalRecord,
  Notice,
  NoticePage,
  PetList,
  PetPage,
  RecordKind,
  Role,
  StatusChange,
  Visitor,
} from '../domain.ts'

/** A refusal of the server, with its own words. */
export class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const attempts = 8

/** Reads are repeated while the server is away: they change nothing. */
async function read<T>(url: string): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send<T>('GET', url)
    } catch (error) {
      if (error instanceof Refusal || attempt === attempts) throw error
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt))
    }
  }
}

async function send<T>(method: string, url: string, body?: unknown): Promise<T> {
  const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body ?? {}) }
  const response = await fetch(url, method === 'GET' ? {} : { method, ...json })
  const answer = await response.json().catch(() => undefined)
  if (!response.ok)
    throw new Refusal(response.status, answer?.error?.message ?? `The server answered ${response.status}.`)
  return answer
}

export const api = {
  me: () => read<Visitor>('/v1/me'),
  setRole: (role: Role) => send<Visitor>('PUT', '/v1/me', { role }),
  pets: () => read<PetList>('/v1/pets'),
  pet: (id: string) => read<PetPage>(`/v1/pets/${encodeURIComponent(id)}`),
  adopt: (id: string) => send<StatusChange>('POST', `/v1/pets/${id}/adopt`),
  giveBack: (id: string) => send<StatusChange>('POST', `/v1/pets/${id}/return`),
  addRecord: (id: string, kind: RecordKind, note: string) =>
    send<MedicalRecord>('POST', `/v1/pets/${id}/records`, { kind, note }),
  notices: () => read<NoticePage>('/v1/notifications/recent'),
  notify: (title: string, body: string) => send<Notice>('POST', '/v1/notifications', { title, body }),
  /** Absent where the application runs without the means to break its own connections. */
  breakIt: (how: string) => send<{ count?: number; through?: number }>('POST', `/demo/${how}`),
}
