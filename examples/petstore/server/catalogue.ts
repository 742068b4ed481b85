import type { MedicalRecord, PetProfile } from '../domain.ts'

/** The pets of the shelter. What changes about them is in `shelter.ts`. */
export const catalogue: readonly PetProfile[] = [
  {
    id: '123',
    name: 'Biscuit',
    species: 'dog',
    breed: 'Golden mix',
    age: '3 years',
    sex: 'male',
    traits: ['Gentle', 'Good with children', 'Loves water'],
    story:
      'Biscuit carries one shoe from room to room, never chews it, and gives it to whoever looks sad. He walks well on a loose lead, sleeps through the night and waits politely at doors.',
    portrait: 'biscuit',
  },
  {
    id: '124',
    name: 'Olive',
    species: 'cat',
    breed: 'Grey tabby',
    age: '5 years',
    sex: 'female',
    traits: ['Calm', 'Lap cat', 'Indoor'],
    story:
      'Olive has opinions about windows: the east one before noon, the west one after. She greets visitors from the back of the sofa and, once you have sat down for five minutes, from your lap.',
    portrait: 'olive',
  },
  {
    id: '125',
    name: 'Clover',
    species: 'rabbit',
    breed: 'Dutch lop',
    age: '1 year',
    sex: 'female',
    traits: ['Curious', 'Litter trained', 'Likes company'],
    story:
      'Clover runs laps when she hears the parsley drawer. She came to us with her sister, who has found a home, and would be glad of a rabbit friend and a room without loose cables.',
    portrait: 'clover',
  },
  {
    id: '126',
    name: 'Juniper',
    species: 'dog',
    breed: 'Shepherd mix',
    age: '2 years',
    sex: 'female',
    traits: ['Bright', 'Energetic', 'Trained'],
    story:
      'Juniper learns a new word about once a week and knows nineteen. She needs a long run each morning and something to think about in the evening; then she is the quietest dog in the house.',
    portrait: 'juniper',
  },
  {
    id: '127',
    name: 'Saffron',
    species: 'cat',
    breed: 'Ginger shorthair',
    age: '8 months',
    sex: 'male',
    traits: ['Playful', 'Good with dogs', 'Talkative'],
    story:
      'Saffron was found in a bakery and still likes mornings. He chases light, paper and, without much hope, pigeons on the other side of the glass. He gets on with every dog he has met.',
    portrait: 'saffron',
  },
  {
    id: '128',
    name: 'Mango',
    species: 'bird',
    breed: 'Sun conure',
    age: '4 years',
    sex: 'male',
    traits: ['Whistles', 'Hand tame', 'Morning bird'],
    story:
      'Mango whistles the first half of four songs. He steps up on a finger, likes apple more than grapes, and looks for a home in which somebody is about for most of the day.',
    portrait: 'mango',
  },
  {
    id: '129',
    name: 'Truffle',
    species: 'small',
    breed: 'Guinea pig',
    age: '1 year',
    sex: 'male',
    traits: ['Shy at first', 'Bonded with Nutmeg'],
    story:
      'Truffle is the first to squeak and the last to come out. He lives with Nutmeg and will move with him only; the two share one hay house and argue about cucumber.',
    portrait: 'truffle',
  },
  {
    id: '130',
    name: 'Domino',
    species: 'cat',
    breed: 'Tuxedo',
    age: '9 years',
    sex: 'male',
    traits: ['Senior', 'Quiet', 'Adult home'],
    story:
      'Domino lived with one person for eight years and misses the routine: breakfast, radio, nap. He takes half a tablet a day with his food and asks for little else but a warm place.',
    portrait: 'domino',
  },
  {
    id: '131',
    name: 'Pepper',
    species: 'dog',
    breed: 'Terrier',
    age: '6 years',
    sex: 'female',
    traits: ['Small', 'Loyal', 'City dog'],
    story:
      'Pepper weighs seven kilos and takes up most of a bed. She rides trams, ignores bicycles and knows which shop on the corner keeps biscuits under the counter.',
    portrait: 'pepper',
  },
  {
    id: '132',
    name: 'Fern',
    species: 'bird',
    breed: 'Budgerigar',
    age: '2 years',
    sex: 'female',
    traits: ['Flies free', 'Sociable'],
    story:
      'Fern likes a mirror less than people think and other birds more. She would join a small flock with room to fly, and is used to a covered cage at nine in the evening.',
    portrait: 'fern',
  },
  {
    id: '133',
    name: 'Nutmeg',
    species: 'small',
    breed: 'Guinea pig',
    age: '1 year',
    sex: 'male',
    traits: ['Bold', 'Bonded with Truffle'],
    story:
      'Nutmeg meets every visitor at the gate of his run and expects a leaf of something. He lives with Truffle, and the two are to stay together.',
    portrait: 'nutmeg',
  },
  {
    id: '134',
    name: 'Misty',
    species: 'rabbit',
    breed: 'Silver fox',
    age: '3 years',
    sex: 'female',
    traits: ['Calm', 'Garden run', 'Vaccinated'],
    story:
      'Misty was a school rabbit and does not mind noise. She digs where she is allowed to, naps flat on her side, and likes to be asked before she is picked up.',
    portrait: 'misty',
  },
]

/** What was adopted before the demo first started, by whom. */
export const adoptedAtFirst: ReadonlyMap<string, string> = new Map([
  ['127', 'Ines'],
  ['134', 'Tomas'],
])

type Seed = Pick<MedicalRecord, 'kind' | 'note' | 'vet'> & {
  readonly petId: string
  readonly daysAgo: number
}

export const recordsAtFirst: readonly Seed[] = [
  ...catalogue.flatMap(({ id }, index): Seed[] => [
    {
      petId: id,
      kind: 'Check-up',
      note: 'Arrival examination: heart, teeth and weight as they should be.',
      vet: 'Dr. Amari',
      daysAgo: 41 + index,
    },
    {
      petId: id,
      kind: 'Note',
      note: 'Settled in. Eats well, and comes when called.',
      vet: 'Team',
      daysAgo: 12 + index,
    },
  ]),
  {
    petId: '123',
    kind: 'Vaccination',
    note: 'Rabies and combined booster, next one in a year.',
    vet: 'Dr. Lindqvist',
    daysAgo: 9,
  },
  { petId: '124', kind: 'Vaccination', note: 'Cat flu booster.', vet: 'Dr. Lindqvist', daysAgo: 20 },
  {
    petId: '126',
    kind: 'Surgery',
    note: 'Spayed. Stitches out after ten days, healed cleanly.',
    vet: 'Dr. Amari',
    daysAgo: 18,
  },
  {
    petId: '130',
    kind: 'Treatment',
    note: 'Thyroid tablet, half a day with food. Blood test in three months.',
    vet: 'Dr. Amari',
    daysAgo: 6,
  },
  { petId: '131', kind: 'Treatment', note: 'Teeth cleaned, one removed.', vet: 'Dr. Lindqvist', daysAgo: 15 },
]
