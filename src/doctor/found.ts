import { finding, type Finding } from './findings.ts'
import type { Measurements, PostProbe, SilenceProbe, SocketProbe, StreamProbe } from './measurements.ts'
import { duration, listed, size } from './words.ts'

/** More than this, and people notice. */
const lateMs = 100
/** More than this, and tokens are in danger. */
const skewMs = 30_000

type Delivered = Extract<StreamProbe, { kind: 'delivered' }>

/** Whether the events waited for the end of the stream, or for a buffer to fill: not one that a busy machine held up. */
export function isHeldBack({ delayMs, spanMs, pieces, received }: Delivered): boolean {
  return delayMs.p50 >= spanMs * 0.3 && pieces <= received / 3
}

/** Whether the events came late enough to be noticed, or a little late and several at a time, as from a timer. */
export function isLate({ delayMs, pieces, received }: Delivered): boolean {
  return delayMs.p50 > lateMs || (delayMs.p50 > lateMs / 2 && pieces <= received * 0.7)
}

/** What is found of a server that has answered. */
export function findingsOf(so: Measurements): Finding[] {
  return [
    ...ofAddress(so),
    ...ofSocket(so.socket),
    ...ofStream(so),
    ...ofPoll(so.poll),
    ...ofIdle(so),
    ...ofPosts(so.posts ?? []),
    ...ofRequests(so),
    ...ofPage(so),
  ]
}

function ofAddress({ reach, url }: Measurements): Finding[] {
  if (reach.kind !== 'everwire') return []
  const { about, skewMs: skew, roundTripMs } = reach
  const found: Finding[] = []
  const { protocol, hostname } = new URL(url)
  const local = /^(localhost|127\.|\[::1\])/.test(hostname)
  if (reach.redirected) found.push(finding('redirected', `A redirect led to ${url}.`))
  if (about.http === '1.0') found.push(finding('old-http', 'The requests reach the server as HTTP/1.0.'))
  if (protocol === 'http:' && !local) found.push(finding('not-encrypted', 'The address begins with http:.'))
  if (Math.abs(skew) > skewMs + roundTripMs) {
    const way = skew > 0 ? 'ahead of' : 'behind'
    found.push(
      finding('clock-skew', `The server's clock is ${duration(Math.abs(skew))} ${way} this machine's.`),
    )
  }
  if (about.address !== 'public' && !local) {
    const via = about.through.length > 0 ? ` The requests carry ${listed(about.through)}.` : ''
    found.push(finding('address-hidden', `To the server the client has a ${about.address} address.${via}`))
  }
  return found
}

function ofSocket(socket: SocketProbe | undefined): Finding[] {
  switch (socket?.kind) {
    case undefined:
      return []
    case 'works':
      return socket.large
        ? []
        : [finding('websocket-large', 'Small messages came back; one of the largest size did not.')]
    case 'refused':
      if (socket.arrived === 'plain') {
        return [finding('upgrade-stripped', 'The handshake reached the server as a plain GET.')]
      }
      return [finding('upgrade-refused', refusedText(socket))]
    case 'swallowed':
      return [
        finding(
          'websocket-swallowed',
          `The handshake was answered after ${duration(socket.openMs)}; then nothing came within ${duration(socket.waitedMs)}.`,
        ),
      ]
    case 'cut':
      return [
        finding(
          'websocket-cut',
          `It opened, and was closed after ${duration(socket.afterMs)} (code ${socket.code}).`,
        ),
      ]
  }
}

function refusedText({ arrived, afterMs }: Extract<SocketProbe, { kind: 'refused' }>): string {
  const after = `The handshake failed after ${duration(afterMs)}`
  if (arrived === 'handshake')
    return `${after}, though it had reached the server: the answer was refused on the way back.`
  if (arrived === 'not') return `${after} and never reached the server, as far as that can tell.`
  return `${after}; the server could not be asked what had arrived.`
}

function ofStream({ stream, plainStream }: Measurements): Finding[] {
  switch (stream?.kind) {
    case undefined:
      return []
    case 'refused':
      if (isBusy(stream.code)) return [finding('doctor-busy', `An event stream was refused: ${stream.code}.`)]
      return [
        finding(
          'sse-blocked',
          `The answer was ${stream.status} with the type ${stream.type || '(none)'}, no event stream.`,
        ),
      ]
    case 'failed':
      return [finding('sse-blocked', `The stream failed: ${stream.reason}.`)]
    case 'silent': {
      const head = stream.headMs === undefined ? 'not even its head' : 'its head, and no event,'
      return [
        finding(
          'sse-buffered',
          `${head} came within ${duration(stream.waitedMs)}.`.replace(/^./, (c) => c.toUpperCase()),
        ),
      ]
    }
    case 'delivered':
      return ofDelivery(stream, plainStream)
  }
}

function isBusy(code: string | undefined): boolean {
  return code === 'rate-limited' || code === 'overloaded'
}

function ofDelivery(stream: Delivered, plainStream: StreamProbe | undefined): Finding[] {
  const { received, sent, delayMs, firstMs, pieces, encoding, spanMs } = stream
  const compressed = encoding === undefined ? '' : ` They came compressed (${encoding}).`
  if (received < sent) return [finding('sse-lost', `${received} of ${sent} events came.${compressed}`)]
  if (isHeldBack(stream)) {
    const how = `${sent} events were sent over ${duration(spanMs)}; the first came after ${duration(firstMs)}, all of them in ${pieces} ${pieces === 1 ? 'piece' : 'pieces'}.`
    const withoutIt = plainStream?.kind === 'delivered' && !isHeldBack(plainStream)
    return withoutIt
      ? [finding('compression-held', `${how} Without compression they come at once.`)]
      : [finding('sse-buffered', how + compressed)]
  }
  const found: Finding[] = []
  if (isLate(stream)) {
    found.push(
      finding(
        'sse-delayed',
        `Half of the events came ${duration(delayMs.p50)} late or later, the latest ${duration(delayMs.max)}; ${sent} events in ${pieces} pieces.${compressed}`,
      ),
    )
  }
  if (encoding !== undefined) found.push(finding('compression-added', `The stream came as ${encoding}.`))
  return found
}

function ofPoll(poll: SilenceProbe | undefined): Finding[] {
  return poll?.kind === 'cut' ? [finding('poll-blocked', `A short poll ${poll.how}.`)] : []
}

function ofIdle({ idle, reach }: Measurements): Finding[] {
  if (!idle || reach.kind !== 'everwire') return []
  const { heartbeatMs } = reach.about
  const found: Finding[] = []
  const pollCut = idle.hold?.kind === 'cut' && idle.hold.afterMs <= heartbeatMs
  const cuts = [
    { name: 'a WebSocket', probe: idle.socket },
    { name: 'an event stream', probe: idle.stream },
    // The server holds no poll for longer than a heartbeat.
    { name: 'a held poll', probe: pollCut ? undefined : idle.hold },
  ].flatMap(({ name, probe }) => (probe?.kind === 'cut' ? [{ name, ...probe }] : []))
  if (cuts.length > 0) {
    const soonest = Math.min(...cuts.map(({ afterMs }) => afterMs))
    const seen = `Without a word, ${listed(cuts.map(({ name, afterMs, how }) => `${name} lived for ${duration(afterMs)} (${how})`))}. The heartbeat comes every ${duration(heartbeatMs)}.`
    found.push(finding(soonest > heartbeatMs ? 'idle-limit' : 'idle-cut', seen))
  }
  if (pollCut) {
    found.push(
      finding(
        'poll-cut',
        `A poll held for ${duration(idle.wantedMs)} was cut after ${duration(idle.hold.afterMs)}: ${idle.hold.how}. The server holds one for a heartbeat, ${duration(heartbeatMs)}.`,
      ),
    )
  }
  return found
}

function ofPosts(posts: readonly PostProbe[]): Finding[] {
  const failed = posts.findIndex(({ ok }) => !ok)
  const post = posts[failed]
  if (!post) return []
  const by = post.byServer ? 'by the server' : 'on the way'
  const answer = post.status === 0 ? 'got no answer' : `was refused ${by} with ${post.status}`
  const seen = `A POST of ${size(post.bytes)} ${answer}.`
  if (post.byServer && (post.status === 429 || post.status === 503)) return [finding('doctor-busy', seen)]
  const codes = ['post-blocked', 'post-limited', 'batch-limited'] as const
  return [finding(codes[failed] ?? 'batch-limited', seen)]
}

function ofRequests({ headers, posts }: Measurements): Finding[] {
  const found: Finding[] = []
  if (headers && !headers.lastEventId) {
    found.push(finding('last-event-id-lost', 'The header Last-Event-ID was sent and did not arrive.'))
  }
  if (headers && !headers.query)
    found.push(finding('query-lost', 'The query that arrived is not the one that was sent.'))
  const posted = posts?.find(({ posted: arrived }) => arrived)?.posted
  if (posted?.origin === 'foreign') {
    found.push(
      posted.origins === 'same-host'
        ? finding(
            'host-rewritten',
            'A POST of a page at this address arrives with another Host than its Origin.',
          )
        : finding('origin-not-listed', 'A POST of a page at this address would be refused.'),
    )
  }
  return found
}

function ofPage({ page, front, from }: Measurements): Finding[] {
  const found: Finding[] = []
  // Over HTTP/2 a slow machine may show fewer, too.
  const six = front === 'http/1.1' && (page ? page.together.atOnce < page.together.asked : from === 'command')
  if (six) {
    const seen = page
      ? `Of ${page.together.asked} requests, at most ${page.together.atOnce} were under way at once; the others waited.`
      : 'The address offers no HTTP/2, over which all streams share one connection.'
    found.push(finding('six-connections', seen))
  }
  if (page && !page.cookie) found.push(finding('cookie-lost', "A cookie of the doctor's own did not arrive."))
  if (page?.eventSource === 'forgets') {
    found.push(
      finding(
        'last-event-id-lost',
        "The browser's EventSource came back, and its Last-Event-ID did not arrive.",
      ),
    )
  }
  if (page?.eventSource === 'blocked') {
    found.push(finding('eventsource-blocked', 'It opened no stream.'))
  }
  return found
}
