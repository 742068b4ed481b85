// How the cost grows: with subscribers, channels, bytes, messages a turn, rate and connections; and a model of it.
import { contestants } from './contestants.ts'
import { fitted, type Fit } from './fit.ts'
import { Invalid, measure, type Result } from './measure.ts'
import { markdownTable, short, shown } from './report.ts'
import { spreadOf, type Spread } from './results.ts'
import { fanOut, type Work } from './works.ts'

/** One curve: what is varied, and what is looked at. */
export interface Series {
  readonly name: string
  readonly title: string
  /** What is along the curve. */
  readonly along: string
  /** What is looked at, and in what unit. */
  readonly of: string
  readonly values: readonly number[]
  readonly takes: readonly string[]
  work(value: number): Partial<Work>
  figure(result: Result, work: Work): number
  /** The terms of the model in `value`, and what the factor of each is called. */
  readonly model?: readonly (readonly [name: string, term: (value: number) => number])[]
}

const perDelivery = (result: Result) => result['cpuUs'] ?? Number.NaN
const perMessage = (result: Result, { connections }: Work) => perDelivery(result) * connections

export const series: readonly Series[] = [
  {
    name: 'subscribers',
    title: '10 to 10,000 subscribers of one channel, as fast as it goes, 1 message a turn',
    along: 'subscribers',
    of: 'CPU µs per message',
    values: [10, 30, 100, 300, 1_000, 3_000, 10_000],
    takes: ['own-ws', 'own-sse', 'limit-ws'],
    work: (connections) => ({ connections }),
    figure: perMessage,
    model: [
      ['µs for a message', () => 1],
      ['µs for each of its subscribers', (subscribers) => subscribers],
    ],
  },
  {
    name: 'channels',
    title: '1 to 100,000 channels in turn, 10,000 messages/s, each channel with 1 subscriber (up to 10,000)',
    along: 'channels',
    of: 'CPU µs per message',
    values: [1, 10, 100, 1_000, 10_000, 100_000],
    takes: ['own-ws', 'limit-ws'],
    work: (channels) => ({ channels, connections: Math.min(channels, 10_000), rate: 10_000, window: 2 }),
    figure: ({ serverCores = Number.NaN }, { rate }) => (serverCores * 1e6) / rate,
  },
  {
    name: 'bytes',
    title: '64 bytes to 60 KiB a message, 100 subscribers, 50 messages/s',
    along: 'bytes',
    of: 'CPU µs per delivery',
    values: [64, 256, 1_024, 4_096, 16_384, 61_440],
    takes: ['own-ws', 'own-sse', 'limit-ws'],
    work: (size) => ({ size, connections: 100, rate: 50, window: 2 }),
    figure: perDelivery,
    model: [
      ['µs for a delivery', () => 1],
      ['µs for each KiB of it', (bytes) => bytes / 1_024],
    ],
  },
  {
    name: 'joined',
    title: '1 to 64 messages in one turn, 1,000 subscribers, as fast as it goes',
    along: 'messages in a turn',
    of: 'CPU µs per delivery',
    values: [1, 2, 4, 8, 16, 32, 64],
    takes: ['own-ws', 'own-sse', 'limit-ws'],
    work: (burst) => ({ burst }),
    figure: perDelivery,
    model: [
      ['µs for a delivery', () => 1],
      ['µs for a write, shared by those that it joins', (burst) => 1 / burst],
    ],
  },
  {
    name: 'rate',
    title: '3 to 300 messages/s, 1,000 subscribers',
    along: 'messages/s',
    of: 'CPU µs per delivery',
    values: [3, 10, 30, 100, 300],
    takes: ['own-ws', 'own-sse', 'limit-ws'],
    work: (rate) => ({ rate, window: rate < 10 ? 3 : 1.5 }),
    figure: perDelivery,
  },
  {
    name: 'connections',
    title: '300 to 10,000 connections that are told nothing',
    along: 'connections',
    of: 'MB of resident memory that they add',
    values: [300, 1_000, 3_000, 10_000],
    takes: ['own-ws', 'own-sse'],
    work: (connections) => ({ kind: 'idle', connections, window: 0, settle: 2 }),
    figure: ({ bytesPerConnection = Number.NaN }, { connections }) =>
      (bytesPerConnection * connections) / 1e6,
    model: [
      ['MB that any load adds', () => 1],
      ['MB for a thousand connections', (connections) => connections / 1_000],
    ],
  },
]

export interface Point {
  readonly value: number
  readonly is: Spread
}

/** What one server did along one curve. */
export interface Curve {
  readonly series: Series
  readonly contestant: string
  readonly points: readonly Point[]
  readonly fit: Fit | undefined
}

export interface Grown {
  readonly curves: readonly Curve[]
  /** Measurements in which something was lost or doubled: they have no figure. */
  readonly failures: readonly string[]
}

/** Everybody in turn along each curve, again in each round. */
export async function grown(rounds: number, say: (line: string) => void): Promise<Grown> {
  const found = new Map<string, number[]>()
  const failures: string[] = []
  const key = (one: Series, contestant: string, value: number) => `${one.name} ${contestant} ${value}`
  for (let round = 1; round <= rounds; round++) {
    for (const one of series) {
      for (const value of one.values) {
        for (const name of one.takes) {
          const contestant = contestants.find((each) => each.name === name)
          if (!contestant) throw new Error(`there is no server "${name}"`)
          const work: Work = { ...fanOut, name: one.name, title: one.title, targets: [], ...one.work(value) }
          const what = `${round}/${rounds} ${one.name} ${value} ${name}`
          try {
            const figure = one.figure(await measure(contestant, work), work)
            const known = found.get(key(one, name, value)) ?? []
            found.set(key(one, name, value), [...known, figure])
            say(`${what}: ${short(figure)} ${one.of}`)
          } catch (error) {
            if (!(error instanceof Invalid)) throw error
            failures.push(`${what}: ${error.message}`)
            say(`${what} failed: ${error.message}`)
          }
        }
      }
    }
  }
  const curves = series.flatMap((one) =>
    one.takes.map((contestant) => {
      const points = one.values.flatMap((value) => {
        const is = spreadOf(found.get(key(one, contestant, value)) ?? [])
        return is ? [{ value, is }] : []
      })
      const terms = one.model?.map(([, term]) => term)
      const fit =
        terms &&
        fitted(
          points.map(({ value, is }) => ({ x: value, y: is.median })),
          terms,
        )
      return { series: one, contestant, points, fit }
    }),
  )
  return { curves, failures }
}

/** Tables of the curves and of the model. */
export function growthMarkdown(
  { curves, failures }: Grown,
  about: readonly string[],
  rounds: number,
): string {
  const tables = series.map((one) => {
    const own = curves.filter((curve) => curve.series === one)
    const rows = one.values.map((value) => [
      value.toLocaleString('en'),
      ...own.map(({ points }) => shown(points.find((point) => point.value === value)?.is)),
    ])
    return `### ${one.title}\n\n${one.of}\n\n${markdownTable([one.along, ...own.map(({ contestant }) => contestant)], rows)}\n`
  })
  const models = curves.flatMap(({ series: { name, model = [] }, contestant, fit }) =>
    fit
      ? [
          [
            name,
            contestant,
            fit.factors
              .flatMap((factor, i) => (factor > 0 ? [`${short(factor)} ${model[i]?.[0] ?? ''}`] : []))
              .join(' + '),
            `${(fit.farthest * 100).toFixed(0)} %`,
          ],
        ]
      : [],
  )
  return [
    `    npm run bench -- --growth --rounds ${rounds}\n`,
    `${about.join(' · ')}\n`,
    'Medians over the rounds, and in brackets the lowest and the highest. Where a figure stands nothing was lost or doubled.\n',
    ...(failures.length > 0 ? [`Failed:\n\n${failures.map((one) => `- ${one}`).join('\n')}\n`] : []),
    '### A model\n',
    'What a server costs, as a sum of two terms, fitted to the points of each curve so that the relative deviations are smallest;',
    'the last column is how far the farthest point is from the model.\n',
    `${markdownTable(['curve', 'server', 'cost', 'farthest point'], models)}\n`,
    ...tables,
  ].join('\n')
}
