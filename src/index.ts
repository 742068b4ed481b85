export { defineContract, type } from './contract/define.ts'
export type { Schema } from './contract/schema.ts'
export type { ChannelContract, Contract, RequestContract } from './contract/types.ts'
/** The version of this package; client and server of one version always understand each other. */
export const version = '0.1.0'
