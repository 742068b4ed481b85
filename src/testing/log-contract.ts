import { appending } from './log-contract/appending.ts'
import { keys } from './log-contract/keys.ts'
import { lineage } from './log-contract/lineage.ts'
import { reading } from './log-contract/reading.ts'
import { retention } from './log-contract/retention.ts'
import { Scene, type Clause, type OpenLog, type TestApi } from './log-contract/scene.ts'
import { spine } from './log-contract/spine.ts'

export type { LogOptions, OpenedLog, OpenLog, TestApi } from './log-contract/scene.ts'

const clauses: readonly Clause[] = [...appending, ...keys, ...reading, ...retention, ...spine, ...lineage]

/**
 * Proves that a store keeps the contract of `Log`: each test names the guarantee (L1 to L11) that it is about.
 * Takes the `describe` and `test` of the runner: `logContract({ describe, test }, 'my store', open)`.
 */
export function logContract({ describe, test }: TestApi, name: string, open: OpenLog): void {
  describe(`the log contract: ${name}`, () => {
    for (const [sentence, prove] of clauses) {
      test(sentence, async () => {
        const scene = await Scene.open(open)
        try {
          await prove(scene)
        } finally {
          await scene.log.close()
        }
      })
    }
  })
}
