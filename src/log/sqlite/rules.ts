import type { Rule } from '../log.ts'

/** Gives each distinct rule a number, so that an entry on its way to the writer carries only that. */
export class RuleNumbers {
  readonly #told: (number: number, rule: Rule) => void
  readonly #byObject = new WeakMap<Rule, number>()
  readonly #byText = new Map<string, number>()

  /** `told` is called with each new rule before its number is used. */
  constructor(told: (number: number, rule: Rule) => void) {
    this.#told = told
  }

  of(rule: Rule): number {
    // Hot path: whoever gives the rules nearly always gives the same objects.
    let number = this.#byObject.get(rule)
    if (number === undefined) {
      number = this.#ofText(rule)
      this.#byObject.set(rule, number)
    }
    return number
  }

  #ofText({ keep, ageMs, count, bytes, tombstoneMs }: Rule): number {
    const text = [keep, ageMs, count, bytes, tombstoneMs].join()
    let number = this.#byText.get(text)
    if (number === undefined) {
      number = this.#byText.size
      this.#byText.set(text, number)
      this.#told(number, { keep, ageMs, count, bytes, tombstoneMs })
    }
    return number
  }
}
