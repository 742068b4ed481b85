/* A subscriber's connection: opened, asked, read, closed. */
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* The key and its answer of RFC 6455, section 1.3. */
static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==", answer[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

static void watch(struct connection *connection, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = connection};
  epoll_ctl(poller, EPOLL_CTL_MOD, connection->fd, &event);
}

void connection_open(struct connection *connection) {
  int one = 1;
  connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (connection->fd < 0) die("socket: %s (see ulimit -n)", strerror(errno));
  setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  connection->stage = CONNECTING;
  connection->chunk = 0;
  connection->chunked = false;
  state.connecting++;
  if (connect(connection->fd, (void *)&options.address, sizeof options.address) && errno != EINPROGRESS) {
    connection_close(connection, true);
    return;
  }
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = connection};
  epoll_ctl(poller, EPOLL_CTL_ADD, connection->fd, &event);
}

void connection_close(struct connection *connection, bool failed) {
  if (connection->stage == CLOSED) return;
  if (connection->stage == SUBSCRIBED) state.dropped += failed;
  else {
    state.connecting--;
    state.failed += failed;
  }
  /* A reset: thousands of ports in TIME_WAIT would be in the way of the next measurement. */
  struct linger reset = {1, 0};
  setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(connection->fd);
  release(&connection->rest);
  release(&connection->body);
  release(&connection->out);
  connection->stage = CLOSED;
}

void connection_send(struct connection *connection, const char *bytes, size_t length) {
  if (connection->out.length == 0) {
    ssize_t sent = send(connection->fd, bytes, length, MSG_NOSIGNAL);
    if (sent > 0) {
      bytes += sent;
      length -= (size_t)sent;
    }
  }
  if (length == 0) return;
  append(&connection->out, bytes, length);
  watch(connection, EPOLLIN | EPOLLOUT);
}

void connection_ready(struct connection *connection) {
  if (connection->stage == SUBSCRIBED) return;
  connection->stage = SUBSCRIBED;
  state.subscribed++;
  struct connection *holder = connection - connection->index % options.streams;
  if (++holder->streams < options.streams) return;
  holder->streams = 0;
  state.connecting--;
  if (options.churn) connection_close(connection, false);
}

/* "{i}" stands for the connection's number. */
size_t numbered(char *to, size_t capacity, const char *template, uint32_t index) {
  const char *mark = strstr(template, "{i}");
  int size = mark ? snprintf(to, capacity, "%.*s%u%s", (int)(mark - template), template, index, mark + 3)
                  : snprintf(to, capacity, "%s", template);
  if (size < 0 || (size_t)size >= capacity) die("too long: %s", template);
  return (size_t)size;
}

/* What a subscriber says on a WebSocket once it is open. */
void connection_subscribe(struct connection *connection) {
  char text[4096];
  for (int i = 0; i < options.sends; i++) {
    const char *template = connection->late && options.late_send ? options.late_send : options.send[i];
    size_t size = numbered(text, sizeof text, template, connection->index);
    websocket_send(connection, options.binary ? 2 : 1, text, size);
  }
}

static void ask(struct connection *connection) {
  connection->stage = ASKED;
  if (options.transport == HTTP2) {
    http2_ask(connection);
    return;
  }
  if (options.transport == POLL) {
    poll_ask(connection, NULL, 0);
    connection->stage = OPEN;
    return;
  }
  char path[512], request[1536];
  const char *template = connection->late && options.late_path ? options.late_path : options.path;
  numbered(path, sizeof path, template, connection->index);
  int size;
  if (options.transport == EVENTS)
    size = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n\r\n", path,
                    options.host);
  else
    size = snprintf(request, sizeof request,
                    "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n%s\r\n",
                    path, options.host, key,
                    options.deflate ? "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                                      "client_no_context_takeover\r\n"
                                    : "");
  connection_send(connection, request, (size_t)size);
}

/* The answer's head; returns its size, 0 while it is not whole. */
static size_t head(struct connection *connection, const char *bytes, size_t length) {
  const char *end = memmem(bytes, length, "\r\n\r\n", 4);
  if (!end) return 0;
  size_t size = (size_t)(end - bytes) + 4;
  bool events = options.transport == EVENTS;
  bool accepted = size > 12 && !memcmp(bytes + 8, events ? " 200" : " 101", 4) &&
                  (events || memmem(bytes, size, answer, sizeof answer - 1));
  if (!accepted) {
    if (state.failed == 0) fprintf(stderr, "refused: %.*s\n", (int)(size < 200 ? size : 200), bytes);
    connection_close(connection, true);
    return length;
  }
  if (options.deflate && !memmem(bytes, size, "server_no_context_takeover", 26))
    die("the server does not compress without context takeover");
  connection->chunked = memmem(bytes, size, ": chunked\r\n", 11) != NULL;
  connection->stage = OPEN;
  bool waits = connection->late && !options.late_connect;
  if (!events && options.transport != SOCKETIO && !waits) connection_subscribe(connection);
  if (!options.ready || (waits && !events)) {
    if (options.transport != SOCKETIO) connection_ready(connection);
  }
  return size;
}

static void take(struct connection *connection, char *bytes, size_t length) {
  size_t used = 0;
  if (connection->stage == ASKED && options.transport != HTTP2) {
    used = head(connection, bytes, length);
    if (used == 0 || connection->stage == CLOSED) goto keep;
  }
  if (options.transport == EVENTS) used += events_take(connection, bytes + used, length - used);
  else if (options.transport == HTTP2) used += http2_take(connection, bytes + used, length - used);
  else if (options.transport == POLL) used += poll_take(connection, bytes + used, length - used);
  else used += websocket_take(connection, bytes + used, length - used);
keep:
  connection->rest.length = 0;
  if (connection->stage != CLOSED && used < length) append(&connection->rest, bytes + used, length - used);
}

static void receive(struct connection *connection) {
  static struct buffer whole;
  size_t kept = connection->rest.length, wanted = kept + (256 << 10);
  if (whole.capacity < wanted) {
    whole.bytes = realloc(whole.bytes, wanted);
    if (!whole.bytes) die("out of memory");
    whole.capacity = wanted;
  }
  if (kept) memcpy(whole.bytes, connection->rest.bytes, kept);
  ssize_t got = recv(connection->fd, whole.bytes + kept, 256 << 10, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    connection_close(connection, true);
    return;
  }
  state.now = clock_ns();
  if (state.recording) {
    state.bytes += (uint64_t)got;
    state.receipts++;
  }
  take(connection, whole.bytes, kept + (size_t)got);
}

void connection_event(struct connection *connection, uint32_t events) {
  if (connection->stage == CLOSED) return;
  if (connection->stage == CONNECTING && events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
      connection_close(connection, true);
      return;
    }
    watch(connection, EPOLLIN);
    ask(connection);
    return;
  }
  struct buffer *out = &connection->out;
  if (events & EPOLLOUT && out->length) {
    ssize_t sent = send(connection->fd, out->bytes, out->length, MSG_NOSIGNAL);
    if (sent > 0) {
      memmove(out->bytes, out->bytes + sent, out->length - (size_t)sent);
      out->length -= (size_t)sent;
    }
    if (out->length == 0) watch(connection, EPOLLIN);
  }
  if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) receive(connection);
}
