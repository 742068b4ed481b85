/**
 * What the application's contract says of data that crosses the server's border. Implemented by `src/contract`;
 * a server without a contract lets all JSON pass.
 */
export interface Border {
  /** The data as it is to be published: validated, perhaps transformed. Throws `bad-payload`. */
  publication(channel: string, event: string, data: unknown): unknown | Promise<unknown>
  request(channel: string, event: string, data: unknown): unknown | Promise<unknown>
  response(channel: string, event: string, data: unknown): unknown | Promise<unknown>
  presence(channel: string, data: unknown): unknown | Promise<unknown>
}

/** Lets everything pass. */
export const openBorder: Border = {
  publication: (_channel, _event, data) => data,
  request: (_channel, _event, data) => data,
  response: (_channel, _event, data) => data,
  presence: (_channel, data) => data,
}
