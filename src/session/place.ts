/** Where a connection stands among the others of its server; lets go of it when it leaves. */
export interface Place<T> {
  connection: T | undefined
}
