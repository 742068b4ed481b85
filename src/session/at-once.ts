/**
 * Goes on with a value, at once unless it is still to come: an `await` takes a turn, and a promise and a frame for each
 * function that waits. Throws, or rejects, like `use`.
 */
export function andThen<T, U>(value: T | Promise<T>, use: (value: T) => U | Promise<U>): U | Promise<U> {
  return value instanceof Promise ? value.then(use) : use(value)
}
