export { everwire, type Everwire, type HandledRequest, type PublishOptions } from './everwire.ts'
export type { ChannelOptions, EverwireOptions, Logger, Permission } from './options.ts'
export { EverwireError, type ErrorCode } from './protocol/codes.ts'
export type { ChannelMessage, HistoryAnswer, PublishAnswer } from './protocol/messages.ts'
export type { HandlerRequest } from './server/handlers.ts'
export type { HistoryPart } from './server/history.ts'
export type { Stats } from './server/stats.ts'
export type { SocketHandshake, SocketRoute, SocketSession } from './server/translation.ts'
export type { Member } from './session/presence.ts'
export type { Asking } from './session/guard.ts'
export type { Log, Rule } from './log/log.ts'
export { defineContract, type } from './contract/define.ts'
export type { Schema } from './contract/schema.ts'
export type {
  ChannelContract,
  Contract,
  DataIn,
  DataOut,
  EventName,
  PatternOf,
  RequestContract,
  RequestName,
} from './contract/types.ts'
export { version } from './protocol/version.ts'
