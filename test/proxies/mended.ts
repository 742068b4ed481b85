import { entries, type FindingCode } from '../../src/doctor/findings.ts'
import type { Mend } from '../../src/doctor/mend.ts'
import { configurations, type Configuration } from './configurations.ts'
import type { ProxyName } from './programs.ts'

/** How many words of a line name what is set, where it may be set only once. */
const nameWords: Partial<Readonly<Record<ProxyName, number>>> = { nginx: 1, haproxy: 2, varnish: 1, squid: 1 }

/** Puts lines where the proxy wants them. */
const put: Readonly<Record<ProxyName, (text: string, lines: readonly string[]) => string>> = {
  nginx: (text, lines) => text.replace('location / {', (found) => [found, ...lines].join('\n')),
  haproxy: (text, lines) => text.replace('mode http', (found) => [found, ...lines].join('\n')),
  varnish(text, lines) {
    const ofBackend = lines.filter((line) => line.startsWith('.'))
    const rest = lines.filter((line) => !ofBackend.includes(line))
    return [text.replace('backend default {', (found) => [found, ...ofBackend].join('\n')), ...rest].join(
      '\n',
    )
  },
  squid: (text, lines) => [text, ...lines].join('\n'),
  caddy: (text, lines) => text.replace('bind 127.0.0.1', (found) => [found, ...lines].join('\n')),
  // The first that fits a path is taken.
  apache(text, lines) {
    const first = lines.filter((line) => line.startsWith('ProxyPass '))
    return [...first, text, ...lines.filter((line) => !first.includes(line))].join('\n')
  },
}

/** A configuration with the lines that the doctor has for these findings. */
export function mended(proxy: ProxyName, name: string, codes: readonly FindingCode[]): Configuration {
  const base = configurations.find((each) => each.proxy === proxy && each.name === name)
  if (!base) throw new Error(`no configuration ${proxy}, ${name}`)
  const mends: readonly Mend[] = codes.flatMap((code): readonly Mend[] => entries[code].mend)
  const all = mends.filter(({ where }) => where === proxy).flatMap(({ lines }) => lines)
  const lines = [...new Set(all)].filter((line) => !line.startsWith('#'))
  return {
    proxy,
    name: `${name}, mended`,
    async config(place) {
      const words = nameWords[proxy]
      const nameOf = (line: string) => line.trim().split(/\s+/).slice(0, words).join(' ')
      const names = new Set(words === undefined ? [] : lines.map(nameOf))
      const text = (await base.config(place)).split('\n').filter((line) => !names.has(nameOf(line)))
      // The addresses in the lines are examples.
      const here = lines.map((line) =>
        line
          .replace('127.0.0.1:4000', `127.0.0.1:${place.origin}`)
          .replace('port 80 ', `port 127.0.0.1:${place.listen} `),
      )
      return put[proxy](text.join('\n'), here)
    },
  }
}
