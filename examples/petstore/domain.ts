// The words of the adoption platform, shared by its server and its pages.

export type PetStatus = 'AVAILABLE' | 'ADOPTED'
export type Species = 'dog' | 'cat' | 'rabbit' | 'bird' | 'small'
export type Role = 'adopter' | 'coordinator'

/** What never changes about a pet. */
export interface PetProfile {
  readonly id: string
  readonly name: string
  readonly species: Species
  readonly breed: string
  readonly age: string
  readonly sex: 'female' | 'male'
  readonly traits: readonly string[]
  readonly story: string
  /** Which illustration is drawn. */
  readonly portrait: string
}

/** The data of `statusChanged`. */
export interface StatusChange {
  readonly id: string
  readonly status: PetStatus
  readonly updatedAt: string
}

export interface Pet extends PetProfile, StatusChange {
  readonly adoptedBy: string | null
}

export const recordKinds = ['Check-up', 'Vaccination', 'Treatment', 'Surgery', 'Note'] as const
export type RecordKind = (typeof recordKinds)[number]

/** The data of `recordAdded`. */
export interface MedicalRecord {
  readonly id: string
  readonly petId: string
  readonly kind: RecordKind
  readonly note: string
  readonly vet: string
  readonly at: string
}

/** The data of a notification: what a toast shows. */
export interface Notice {
  readonly id: string
  readonly title: string
  readonly body: string
  readonly at: string
  /** The page that the toast leads to. */
  readonly href?: string | undefined
}

export interface ChatMessage {
  readonly type: 'message'
  readonly id?: string | undefined
  readonly text: string
  readonly user: string
  readonly role: Role
  readonly timestamp?: string | undefined
}

/** Somebody in a chat, as the others see them. */
export interface Present {
  readonly name: string
  readonly role: Role
}

export interface Visitor {
  readonly id: string
  readonly name: string
  readonly role: Role
}

/** The position is taken before the state is read: what comes after it is what the page has not seen. */
export interface PetList {
  readonly position: string
  readonly pets: readonly Pet[]
}

export interface PetPage extends Pet {
  readonly position: string
  readonly records: readonly MedicalRecord[]
}

export interface NoticePage {
  readonly position: string
  readonly notices: readonly Notice[]
}
