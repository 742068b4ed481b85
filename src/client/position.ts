/** One log's part of a position, as far as a client has to understand it (PROTOCOL.md section 2). */
export interface Part {
  readonly seq: number
  /** `s`, the number of the shard and a dot; empty where there are no shards. */
  readonly shard: string
  readonly epoch: string
  /** How far channels are proved beyond `seq`: `.index:seq`, by their index in the stream's list; mostly empty. */
  readonly floors: string
}

const pattern = /^(s\d+\.)?(\d+)-(\w+)((?:\.\d+:\d+)*)/

/** The parts of a position that a server has given, hence not validated; none of what is no position, like `now`. */
export function partsOf(text: string): Part[] {
  return text.split(',').flatMap((part) => {
    const match = pattern.exec(part)
    if (!match) return []
    const [, shard = '', seq, epoch = '', floors = ''] = match
    return [{ seq: Number(seq), shard, epoch, floors }]
  })
}
