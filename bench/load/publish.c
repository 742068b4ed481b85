/* Who publishes: the watched server itself, told by SIGUSR2 to begin and again to end; or this process, by POST or by
 * NATS' protocol over one kept connection. */
#include "load.h"
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

uint64_t publish_sent, publish_refused;
int publish_fd = -1;
static uint64_t requests, answers, turns;
static int64_t begun;
static bool publishing;
static struct buffer out;

/* Answers that the publisher does not wait for, at a given rate. */
#define IN_FLIGHT 256

static void send_out(void) {
  if (out.length == 0) return;
  ssize_t sent = send(publish_fd, out.bytes, out.length, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) die("the publisher's connection: %s", strerror(errno));
  if (sent > 0) {
    memmove(out.bytes, out.bytes + sent, out.length - (size_t)sent);
    out.length -= (size_t)sent;
  }
  struct epoll_event event = {.events = EPOLLIN | (out.length ? EPOLLOUT : 0), .data.ptr = &publish_fd};
  epoll_ctl(poller, EPOLL_CTL_MOD, publish_fd, &event);
}

static void connect_publisher(void) {
  int one = 1;
  publish_fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(publish_fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(publish_fd, (void *)&options.publish_address, sizeof options.publish_address))
    die("the publisher cannot connect: %s", strerror(errno));
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = &publish_fd};
  epoll_ctl(poller, EPOLL_CTL_ADD, publish_fd, &event);
  if (options.publish_hello) append(&out, options.publish_hello, strlen(options.publish_hello));
}

void publish_begin(void) {
  if (options.signal) kill(options.pids[0], SIGUSR2);
  if (!options.publish_path) return;
  connect_publisher();
  publishing = true;
  begun = clock_ns();
}

void publish_end(void) {
  if (options.signal) kill(options.pids[0], SIGUSR2);
  publishing = false;
}

/* The message that all servers are given: JSON of `size` bytes. */
static size_t payload(char *to) {
  int used = sprintf(to, "{\"ts\":%" PRId64 ",\"n\":%" PRIu64 ",\"d\":\"", clock_ns(), ++publish_sent);
  while (used < options.size - 2) to[used++] = 'x';
  memcpy(to + used, "\"}", 3);
  return (size_t)used + 2;
}

static void publish_one(struct buffer *body) {
  char message[1 << 16];
  size_t size = payload(message);
  char line[64];
  if (options.publish_line) append(body, line, (size_t)sprintf(line, "PUB m %zu\r\n", size));
  const char *mark = options.publish_body ? strstr(options.publish_body, "{}") : NULL;
  if (mark) append(body, options.publish_body, (size_t)(mark - options.publish_body));
  append(body, message, size);
  if (mark) append(body, mark + 2, strlen(mark + 2));
  if (options.publish_line) append(body, "\r\n", 2);
}

static void request(const struct buffer *body) {
  char head[512];
  int size = snprintf(head, sizeof head,
                      "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                      options.publish_path, options.host, body->length);
  append(&out, head, (size_t)size);
  append(&out, body->bytes, body->length);
  requests++;
}

static void publish(void) {
  static struct buffer body;
  body.length = 0;
  if (options.publish_array) append(&body, "[", 1);
  for (uint32_t i = 0; i < options.burst; i++) {
    if (options.publish_array && i) append(&body, ",", 1);
    publish_one(&body);
    if (options.publish_array || options.publish_line) continue;
    request(&body);
    body.length = 0;
  }
  if (options.publish_array) {
    append(&body, "]", 1);
    request(&body);
  }
  if (options.publish_line) append(&out, body.bytes, body.length);
  turns++;
}

/* When it is time for the next burst, at a given rate. */
int64_t publish_due(void) {
  if (!publishing) return INT64_MAX;
  if (options.rate == 0) return 0;
  return begun + (int64_t)((double)(turns * options.burst) * 1e9 / options.rate);
}

void publish_turn(void) {
  if (publishing && options.rate > 0) {
    while (requests - answers < IN_FLIGHT && clock_ns() >= publish_due()) publish();
  } else if (publishing && answers == requests) {
    uint64_t delivered = state.total / (state.subscribed ? state.subscribed : 1);
    if (publish_sent < delivered + options.ahead) publish();
  }
  send_out();
}

/* Counts the heads of the answers; the last bytes of one receipt may be the beginning of the next one's. */
static void count_answers(const char *bytes, size_t length) {
  static char kept[16 + (64 << 10)];
  static size_t rest;
  static const char mark[] = "HTTP/1.1 ";
  memcpy(kept + rest, bytes, length);
  const char *at = kept, *end = kept + rest + length;
  for (char *found; (found = memmem(at, (size_t)(end - at), mark, sizeof mark - 1)) && found + 9 < end; at = found + 9) {
    answers++;
    if (found[9] != '2' && publish_refused++ == 0)
      fprintf(stderr, "a publish was refused: %.*s\n", (int)(end - found < 300 ? end - found : 300), found);
  }
  rest = (size_t)(end - at) < 10 ? (size_t)(end - at) : 10;
  memmove(kept, end - rest, rest);
}

void publish_event(uint32_t events) {
  char bytes[64 << 10];
  if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) {
    ssize_t got = recv(publish_fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN)) die("the server closed the publisher's connection");
    if (got > 0 && !options.publish_line) count_answers(bytes, (size_t)got);
  }
}
