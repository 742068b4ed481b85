import { expect, onTestFinished, test } from 'vitest'
import { examine } from '../../src/doctor/examine.ts'
import { entries } from '../../src/doctor/findings.ts'
import { judge } from '../../src/doctor/verdict.ts'
import { configurations } from './configurations.ts'
import { openInspector } from './inspector.ts'
import { openOrigin } from './origin.ts'
import { unlessThere } from './programs.ts'
import { startProxy } from './proxy.ts'

const why = unlessThere('squid')

/** What is found behind a squid that has every answer inspected, with these lines before what has it so. */
async function foundBehind(lines: readonly string[]): Promise<readonly string[]> {
  const [origin, inspector] = await Promise.all([openOrigin(), openInspector()])
  onTestFinished(async () => {
    inspector.close()
    await origin.close()
  })
  const plain = configurations.find(({ proxy, name }) => proxy === 'squid' && name === 'defaults')
  const { port, stop } = await startProxy({
    proxy: 'squid',
    origin: origin.port,
    token: origin.token,
    config: async (place) =>
      [
        await plain?.config(place),
        'icap_enable on',
        `icap_service scanner respmod_precache icap://127.0.0.1:${inspector.port}/`,
        ...lines,
        'adaptation_access scanner allow all',
      ].join('\n'),
  })
  onTestFinished(stop)
  const url = `http://127.0.0.1:${port}`
  const so = await examine({ base: `${url}/wire`, from: 'command', idleMs: 0, origin: url })
  return judge(so).findings.map(({ code }) => code)
}

test.skipIf(why)(
  `C53 C79 behind a squid that inspects, the doctor says what lets event streams pass ${why}`,
  async () => {
    const lines = entries['sse-buffered'].mend
      .flatMap((mend) => (mend.where === 'squid' ? mend.lines : []))
      .map((line) => line.replace('SERVICE', 'scanner'))
    const [before, after] = await Promise.all([foundBehind([]), foundBehind(lines)])
    expect(before).toContain('sse-buffered')
    expect(after).toEqual(before.filter((code) => code !== 'sse-buffered'))
  },
)
