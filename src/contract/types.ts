import type { Match } from './pattern.ts'
import type { InputOf, OutputOf, Schema } from './schema.ts'

/** What a channel carries. What is not declared cannot be sent. */
export interface ChannelContract {
  /** The data of each event. */
  readonly events?: { readonly [event: string]: Schema }
  /** What each request takes and answers. */
  readonly requests?: { readonly [event: string]: RequestContract }
  /** The data that a member shows of itself. */
  readonly presence?: Schema
}

export interface RequestContract {
  readonly input: Schema
  readonly output: Schema
}

/** Channel patterns to what their channels carry; of several that match, the most specific one holds. */
export interface Contract {
  readonly [pattern: string]: ChannelContract
}

/** The patterns of a contract. */
export type PatternOf<C extends Contract> = keyof C & string

/**
 * Any name; the editor completes those that the contract writes out. For type parameters:
 * `<const Name extends AnyName<C>>(channel: Known<C, Name>)`.
 */
export type AnyName<C extends Contract> = ChannelName<C> | (string & {})

/** The names that a contract's patterns match, nearly: `*` stands for several segments, too. */
type ChannelName<C extends Contract> = Filled<PatternOf<C>>

type Filled<Pattern extends string> = Pattern extends `${infer Before}**`
  ? `${Filled<Before>}${string}`
  : Pattern extends `${infer Before}*${infer After}`
    ? `${Before}${string}${Filled<After>}`
    : Pattern

/**
 * `Name` itself when the contract knows the channel or when its name is only known as `string`; otherwise a type
 * that no name has and that says what is wrong. A pattern of
 * the contract is a name, too.
 */
export type Known<C extends Contract, Name extends string> = [IsOpen<C, Name>] extends [true]
  ? Name
  : [UnknownNames<C, Name>] extends [never]
    ? Name
    : // Inferred, and not an alias: the compiler's messages show the text and not how it was made.
      [keyof C & string] extends [infer Patterns]
      ? readonly [`the contract has no channel ${UnknownNames<C, Name>}; it has`, Patterns]
      : never

type UnknownNames<C extends Contract, Name extends string> = Name extends string
  ? [Match<PatternOf<C>, Name>] extends [never]
    ? Name
    : never
  : never

/** Nothing is known of the channel's data: there is no contract, or the name is any `string`. */
type IsOpen<C extends Contract, Name extends string> = string extends keyof C
  ? true
  : string extends Name
    ? true
    : false

/** What the contract says of a channel. */
export type ChannelOf<C extends Contract, Name extends string> = C[Match<PatternOf<C>, Name>]

/** A channel's events and their schemas; any event of unknown data when nothing is known of the channel. */
export type EventsOf<C extends Contract, Name extends string> =
  IsOpen<C, Name> extends true ? OpenSchemas : Declared<ChannelOf<C, Name>, 'events'>

/** A channel's requests; any, of unknown data, when nothing is known of the channel. */
export type RequestsOf<C extends Contract, Name extends string> =
  IsOpen<C, Name> extends true ? OpenRequests : Declared<ChannelOf<C, Name>, 'requests'>

/** The schema of what a channel's members show of themselves; `undefined` where none is declared. */
export type PresenceOf<C extends Contract, Name extends string> =
  IsOpen<C, Name> extends true
    ? Schema
    : ChannelOf<C, Name> extends { readonly presence: infer S extends Schema }
      ? S
      : undefined

interface OpenSchemas {
  readonly [event: string]: Schema
}
interface OpenRequests {
  readonly [event: string]: RequestContract
}
type Declared<Channel, Part extends 'events' | 'requests'> = Channel extends {
  readonly [key in Part]: infer Found extends object
}
  ? Found
  : {}

/** The names of a channel's events. */
export type EventName<C extends Contract, Name extends string> = Names<EventsOf<C, Name>>

/** The names of a channel's requests. */
export type RequestName<C extends Contract, Name extends string> = Names<RequestsOf<C, Name>>

// Inferred, so that the compiler's messages show the names and not how they were found.
type Names<Of> = [keyof Of & string] extends [infer Name extends string] ? Name : never

/** What a publisher gives: the input of the event's schema. */
export type DataIn<C extends Contract, Name extends string, Event extends string> = In<
  Field<EventsOf<C, Name>, Event>
>

/** What a subscriber gets: the output of the event's schema, as JSON brings it. */
export type DataOut<C extends Contract, Name extends string, Event extends string> = AsJson<
  Out<Field<EventsOf<C, Name>, Event>>
>

/** What a requester gives. */
export type RequestIn<C extends Contract, Name extends string, Event extends string> = In<
  Field<Field<RequestsOf<C, Name>, Event>, 'input'>
>

/** What a handler on the server gets: validated and transformed in its own process. */
export type RequestSeen<C extends Contract, Name extends string, Event extends string> = Out<
  Field<Field<RequestsOf<C, Name>, Event>, 'input'>
>

/** What a handler on the server answers. */
export type ResponseIn<C extends Contract, Name extends string, Event extends string> = In<
  Field<Field<RequestsOf<C, Name>, Event>, 'output'>
>

/** What a requester gets. */
export type ResponseOut<C extends Contract, Name extends string, Event extends string> = AsJson<
  Out<Field<Field<RequestsOf<C, Name>, Event>, 'output'>>
>

/** What a member gives; `undefined` where the contract declares no presence. */
export type PresenceIn<C extends Contract, Name extends string> = In<PresenceOf<C, Name>>

/** What others see of a member. */
export type PresenceOut<C extends Contract, Name extends string> = AsJson<Out<PresenceOf<C, Name>>>

type Field<Of, Key> = Key extends keyof Of ? Of[Key] : never
type In<S> = S extends Schema ? InputOf<S> : undefined
type Out<S> = S extends Schema ? OutputOf<S> : undefined

/** `T` after `JSON.stringify` and `JSON.parse`: a `Date` has become text. Bytes travel as bytes. */
export type AsJson<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined | Uint8Array
    ? T
    : T extends { toJSON(): infer Json }
      ? Json
      : T extends bigint | symbol | ((...args: never) => unknown)
        ? never
        : { [Key in keyof T]: AsJson<T[Key]> }
