/** Contract suites for whoever writes a store, for any test runner. */
export { logContract } from './log-contract.ts'
export type { LogOptions, OpenedLog, OpenLog, TestApi } from './log-contract.ts'
