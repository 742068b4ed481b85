/** Something that Everwire promises, and how tests cite it: `[6.1]` for PROTOCOL.md, `C33` for a capability. */
export interface Promised {
  readonly id: string
  readonly text: string
}

/** What PROTOCOL.md says with MUST, in its words. */
export const protocolPromises: readonly Promised[] = [
  {
    id: '1.1',
    text: 'A channel name MUST be 1 to 255 bytes of well-formed UTF-8 without control characters, without `*`, and without white space at either end.',
  },
  {
    id: '1.4',
    text: 'They MUST NOT carry an `id` on any wire, are never stored, and are dropped for a connection that is not writable.',
  },
  { id: '2.2', text: 'It MUST NOT be merely "the last id that was delivered".' },
  {
    id: '2.4',
    text: "`connected` (SSE), `subscribed` (WebSocket) and every poll's answer MUST carry a position, so that a drop before the first message can be resumed; but not when a gap follows at once (2.6): then the client keeps the position it had, and the gap carries the new one.",
  },
  {
    id: '2.5',
    text: 'Every message of `all` and `latest` MUST carry an `id`; the id of a message never changes, whoever reads it.',
  },
  { id: '2.6', text: 'Otherwise the server MUST say `gap` before it delivers anything:' },
  {
    id: '2.9',
    text: 'Quiet streams advance: at heartbeat pace, when a stream is caught up and its position has moved since it was last told, the server MUST tell it (`position`).',
  },
  {
    id: '2.10',
    text: 'Whether a position is still covered MUST be judged by what was trimmed from its channels, so that a quiet channel never gives a false gap.',
  },
  { id: '3.1', text: 'A position that does not parse MUST be refused with `bad-position`.' },
  { id: '3.2', text: 'Messages of a channel MUST be written in sequence order, each once per stream.' },
  {
    id: '3.3',
    text: "A resume from a position gets what changed since, removals included; where removals were forgotten it MUST get `gap` with reason `snapshot` and the whole snapshot; the stream's position goes back for it, the other channels keep theirs as floors.",
  },
  {
    id: '3.4',
    text: "When retention has removed messages that the reader had not got, the server MUST write `gap` with reason `expired` before the channel's next message, at subscribing and later.",
  },
  {
    id: '4.2',
    text: 'Whatever cannot be understood MUST be answered with `error` and a code of section 9, with the `ref` when one could be read, and MUST NOT end the connection, unless the frame itself broke RFC 6455, was larger than the limit, or was not UTF-8.',
  },
  { id: '4.3', text: 'Publishes of one connection MUST take effect in the order in which they were sent.' },
  {
    id: '4.6',
    text: 'When a publish was refused for now (a code that is not `never`, or `token-expired`) and has not come again, the server MUST refuse with the same code what comes with `behind`, so that nothing overtakes it; so too what comes again itself, sent before an earlier one was refused once more.',
  },
  { id: '5.1', text: '`welcome` MUST be the first message.' },
  {
    id: '5.2',
    text: 'The server MUST send something at least every `heartbeatMs` (a `ping`, when there is nothing else). A client that has received no byte for twice that long MUST treat the connection as dead; so does the server with a client.',
  },
  {
    id: '5.5',
    text: '`expiresInMs` is how long the client is still known: a connection that lasts longer MUST be ended with `token-expired`, unless a new token has come by `auth`.',
  },
  {
    id: '6.1',
    text: 'RFC 6455, version 13; another version MUST get 426 with `Sec-WebSocket-Version: 13`. A plain GET MUST get 426 with `Upgrade: websocket` and the code `upgrade-required`.',
  },
  { id: '6.2', text: 'A foreign `Origin` MUST get 403 (`forbidden-origin`).' },
  { id: '6.4', text: 'A server MUST deliver a binary message as a binary frame.' },
  { id: '6.7', text: 'Without `?frames=arrays` each message MUST have a frame of its own.' },
  {
    id: '7.1',
    text: 'The answer MUST be 200 `text/event-stream` with `Cache-Control: no-cache, no-transform` and `X-Accel-Buffering: no`; `Connection: keep-alive` on HTTP/1.1 only.',
  },
  {
    id: '7.2',
    text: '`Last-Event-ID` MUST win over `lastEventId`, which wins over `after` and `last`: a resume cancels every other start.',
  },
  { id: '7.4', text: "Every `id:` MUST be the stream's position (2.2), floors included; signals have none." },
  {
    id: '7.6',
    text: 'One refused channel MUST refuse the stream, so that its position never claims what was not sent.',
  },
  {
    id: '7.7',
    text: 'A refusal that may pass (rate, capacity, drain, store away) MUST be 200 with `retry:` (jittered), `event: error` without an id, and the end, because a native EventSource never comes back from any other status.',
  },
  {
    id: '7.9',
    text: 'Ids and event names MUST NOT carry CR, LF or NUL; data is split on all three line ends.',
  },
  { id: '7.10', text: 'An event MUST NOT be held back: not by compression, not by buffering in the server.' },
  { id: '8.1', text: '`id` MUST be handed back as `after`.' },
  {
    id: '8.2',
    text: 'A repeat with the same payload MUST be answered like the first time, with `duplicate: true`; the same key with another payload is `key-reused` (409).',
  },
  {
    id: '8.9',
    text: 'A wrong method MUST get 405 with `Allow`; a wrong content type 415; an unknown path under the base 404 (`not-found`).',
  },
  {
    id: '8.10',
    text: 'On SSE the answer sets a cookie (`HttpOnly`, `SameSite=Strict`, for this path) with which the same URL resumes; a ticket that was used MUST be answered 204 without it. A server MUST NOT write a ticket to its logs.',
  },
  {
    id: '9.1',
    text: 'Every refusal MUST be a code of this table, over HTTP as `{"error":{"code","message"}}` with the status shown, over a WebSocket as an `error` message, and when it ends the connection as the close code shown. 44xx: stop. 45xx: come back.',
  },
  { id: '9.2', text: 'The message MUST say what to do.' },
]

/** What a user sees working on the wire. */
export const capabilities: readonly Promised[] = [
  { id: 'C1', text: 'An event stream is 200 with text/event-stream.' },
  { id: 'C2', text: 'Events are not held back by compression of the application.' },
  { id: 'C3', text: 'Connection: keep-alive on HTTP/1.1 only; on HTTP/2 it is absent.' },
  { id: 'C4', text: 'An independent parser accepts 10,000 random payloads.' },
  { id: 'C5', text: 'Multi-line data round-trips byte for byte.' },
  { id: 'C6', text: 'Named events fire their listeners, and those of no other name.' },
  { id: 'C7', text: 'Every stored message, connected, position and gap has an id; a signal never has.' },
  { id: 'C8', text: 'retry: makes a native EventSource come back after about that long.' },
  { id: 'C9', text: 'Comment heartbeats keep an idle stream alive and dispatch nothing.' },
  { id: 'C10', text: "A named heartbeat event with the server's time, where it is asked for." },
  { id: 'C11', text: 'A first event comes at once on connecting.' },
  { id: 'C12', text: 'A resume by Last-Event-ID loses nothing and repeats nothing.' },
  { id: 'C13', text: 'lastEventId in the query starts a first load; the header wins over it.' },
  { id: 'C14', text: 'Clients that leave leave nothing behind.' },
  { id: 'C15', text: 'CORS with credentials and exact origins; * with credentials is an error at start.' },
  { id: 'C16', text: "X-Accel-Buffering: no, so that a proxy's defaults hold nothing back." },
  { id: 'C17', text: 'HTTP compression that never withholds an event.' },
  { id: 'C18', text: 'Bytes arrive equal over SSE and over WebSocket.' },
  { id: 'C19', text: 'A character whose bytes come in two pieces survives.' },
  { id: 'C20', text: 'Plain EventSource and curl are enough, with resume.' },
  {
    id: 'C21',
    text: 'A refusal for good ends the attempts; one that may pass reaches a bare EventSource as an event.',
  },
  { id: 'C22', text: 'Twenty EventSources live over one HTTP/2 connection.' },
  { id: 'C23', text: 'A proxy of HTTP/1.0 is served without chunked encoding.' },
  { id: 'C24', text: "The handshake of RFC 6455 is answered with its own example's key." },
  { id: 'C25', text: 'Version 13; another version gets 426.' },
  { id: 'C26', text: 'Text and binary frames both arrive.' },
  { id: 'C27', text: 'The server holds the bytes that were sent in binary.' },
  { id: 'C28', text: "A ping comes often enough to outlive a proxy's time-out." },
  { id: 'C29', text: 'A dead connection is found out within two heartbeats.' },
  { id: 'C30', text: 'Close code and reason reach the application.' },
  { id: 'C31', text: 'permessage-deflate is negotiated, bounded in memory, and compressed once for all.' },
  { id: 'C32', text: 'Bytes on the wire per message are measured per transport.' },
  { id: 'C33', text: 'A foreign Origin gets 403 and is counted.' },
  { id: 'C34', text: 'ws:// and wss:// both work.' },
  { id: 'C35', text: 'Subscribing is one JSON text; a route may take other shapes.' },
  { id: 'C36', text: 'A welcome comes first.' },
  { id: 'C37', text: 'A message reaches all subscribers.' },
  { id: 'C38', text: 'Bad input ends neither the connection nor the process.' },
  { id: 'C39', text: 'An unknown type gets an error with its name.' },
  { id: 'C40', text: 'A request is answered on every transport.' },
  { id: 'C41', text: '100 channels live on one connection.' },
  { id: 'C42', text: 'Both sides send 10,000 at once, in order.' },
]

/** Promises that no test cites yet, each with the reason. One that is cited must go from here. */
export const later: Readonly<Record<string, string>> = {}
