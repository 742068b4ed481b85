/**
 * `PatternMap` of src/protocol/channel.ts as a type: of the patterns, the most specific one that matches the name.
 * An exact segment beats `*`, which beats a last `**`, decided from the left. `never` when none matches.
 *
 * An interpolated segment, as in `pets/${id}`, is taken to be one segment that no exact pattern names.
 */
export type Match<Patterns extends string, Name extends string> = Descend<Split<Patterns>, Segments<Name>>

type Segments<Text extends string> = Text extends `${infer Head}/${infer Tail}`
  ? [Head, ...Segments<Tail>]
  : [Text]

/** Every pattern as a pair of the segments that are still to be matched and the pattern itself. */
type Split<Patterns extends string> = Patterns extends string ? [Segments<Patterns>, Patterns] : never

type Descend<Left, Name extends readonly string[]> = [Left] extends [never]
  ? never
  : Name extends readonly [infer Head, ...infer Tail extends string[]]
    ? Or<Exact<Left, Head, Tail>, Or<Descend<Take<Left, '*'>, Tail>, Whole<Take<Left, '**'>>>>
    : Whole<Left>

type Or<First, Second> = [First] extends [never] ? Second : First

type Exact<Left, Head, Tail extends readonly string[]> =
  IsLiteral<Head> extends true ? Descend<Take<Left, Head>, Tail> : never

/** The pairs whose next segment is this one, without it. */
type Take<Left, Segment> = Left extends [[infer Head, ...infer Rest], infer Pattern]
  ? [Segment, Head] extends [Head, Segment]
    ? [Rest, Pattern]
    : never
  : never

/** The patterns of which nothing is left to match. */
type Whole<Left> = Left extends [[], infer Pattern extends string] ? Pattern : never

/** False for `string` and for templates with something interpolated. */
type IsLiteral<Text> = Text extends string ? ({} extends Record<Text, 1> ? false : true) : false
