/** The names in calls of `test` and `describe`, also after `.each(...)` and `.skipIf(...)`; not those of skipped ones. */
const name = /(?:\b(?:test|describe)(?:\.(?!skip\(|todo\()\w+)?\(|\)\()\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g

/** What tests are called. A promise is cited by a name: neither by a remark nor by what a test does. */
export function namesOf(source: string): string[] {
  const code = source.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '')
  return [...code.matchAll(name)].map((match) => match[2] ?? '')
}

/** Whether a name cites a promise: `[6.1]` of PROTOCOL.md, or `C33` of the capabilities. */
export function cites(testName: string, id: string): boolean {
  return id.startsWith('C') ? new RegExp(`\\b${id}\\b`).test(testName) : testName.includes(`[${id}]`)
}
