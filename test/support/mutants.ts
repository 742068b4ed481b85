import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

/** One bug, as a change of one place in the sources. */
export interface Mutant {
  readonly name: string
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** The source with the bug. Throws an Error when there is no one place for it. */
export async function changed({ name, file, find, replace }: Mutant): Promise<string> {
  const source = await readFile(join(root, file), 'utf8')
  const places = source.split(find).length - 1
  if (places !== 1) throw new Error(`mutant "${name}": ${places} places in ${file} to change`)
  return source.replace(find, () => replace)
}

/**
 * Runs a checker (a script of this repository with its arguments) on a copy of the sources that has the bug.
 * Answers what the checker printed when it failed, or undefined when the bug went unnoticed.
 */
export async function caught(
  mutant: Mutant,
  checker: string,
  args: readonly string[],
): Promise<string | undefined> {
  // Inside the repository, so that packages resolve.
  const copy = await mkdtemp(join(root, '.mutant-'))
  try {
    for (const folder of ['src', 'test'])
      await cp(join(root, folder), join(copy, folder), { recursive: true })
    await writeFile(join(copy, mutant.file), await changed(mutant))
    try {
      await run(process.execPath, [join(copy, checker), ...args], { cwd: copy, timeout: 120_000 })
      return undefined
    } catch (error) {
      const { stderr = '' } = error as { stderr?: string }
      return stderr
    }
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}
