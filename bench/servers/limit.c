/* The limit on this machine: an epoll server that makes each message once and gives it to every socket with send(2),
 * what one turn publishes in one write. It understands nothing but the beginning of a request, and is no product.
 * PORT, RATE (messages/s, 0: as fast as they are taken), BURST (messages a turn) come from the environment; SIGUSR2
 * begins and ends publishing. CHANNELS above 1: each message goes to the next of so many channels, of which each
 * subscriber has one; those that nobody has take theirs, too. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Bytes that may wait for the average subscriber before publishing pauses. */
#define AHEAD 32768
#define MOST 65536

struct peer {
  int fd;
  bool events;
  uint32_t place;
  char *waiting;
  size_t length;
};

static struct peer *peers[MOST];
static uint32_t count;
static int poller;
static size_t waiting;
static volatile sig_atomic_t publishing;

static void toggle(int signal) {
  (void)signal;
  publishing = !publishing;
}

static int64_t clock_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int setting(const char *name, int absent) {
  const char *value = getenv(name);
  return value ? atoi(value) : absent;
}

static void watch(struct peer *peer, uint32_t events, int operation) {
  struct epoll_event event = {.events = events, .data.ptr = peer};
  epoll_ctl(poller, operation, peer->fd, &event);
}

static void give(struct peer *peer, const char *bytes, size_t length) {
  if (peer->length == 0) {
    ssize_t sent = send(peer->fd, bytes, length, MSG_NOSIGNAL);
    if (sent == (ssize_t)length) return;
    if (sent > 0) {
      bytes += sent;
      length -= (size_t)sent;
    }
    watch(peer, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
  }
  peer->waiting = realloc(peer->waiting, peer->length + length);
  memcpy(peer->waiting + peer->length, bytes, length);
  peer->length += length;
  waiting += length;
}

static void go_on(struct peer *peer) {
  ssize_t sent = send(peer->fd, peer->waiting, peer->length, MSG_NOSIGNAL);
  if (sent <= 0) return;
  memmove(peer->waiting, peer->waiting + sent, peer->length - (size_t)sent);
  peer->length -= (size_t)sent;
  waiting -= (size_t)sent;
  if (peer->length == 0) watch(peer, EPOLLIN, EPOLL_CTL_MOD);
}

static void take(int listener) {
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct peer *peer = calloc(1, sizeof *peer);
    peer->fd = fd;
    peer->place = UINT32_MAX;
    watch(peer, EPOLLIN, EPOLL_CTL_ADD);
  }
}

static void hear(struct peer *peer) {
  static const char websocket[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
  static const char events[] =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
  char bytes[4096];
  ssize_t got = recv(peer->fd, bytes, sizeof bytes, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got > 0) {
    /* A request comes in one piece here. */
    if (peer->place != UINT32_MAX || count == MOST) return;
    peer->events = !memmem(bytes, (size_t)got, "Upgrade", 7);
    peer->place = count;
    peers[count++] = peer;
    if (peer->events) give(peer, events, sizeof events - 1);
    else give(peer, websocket, sizeof websocket - 1);
    return;
  }
  if (peer->place != UINT32_MAX) {
    peers[peer->place] = peers[--count];
    peers[peer->place]->place = peer->place;
  }
  waiting -= peer->length;
  close(peer->fd);
  free(peer->waiting);
  free(peer);
}

static size_t message(char *to, bool events, uint64_t number, int64_t now, size_t size) {
  char *at = to;
  if (events) at += sprintf(at, "%zx\r\ndata: ", size + 8);
  else {
    *at++ = (char)0x81;
    if (size > 125) {
      *at++ = 126;
      *at++ = (char)(size >> 8);
    }
    *at++ = (char)size;
  }
  char *data = at;
  at += sprintf(at, "{\"ts\":%" PRId64 ",\"n\":%" PRIu64 ",\"d\":\"", now, number);
  while (at < data + size - 2) *at++ = 'x';
  memcpy(at, "\"}\n\n\r\n", 6);
  return (size_t)(data - to) + size + (events ? 4 : 0);
}

static void publish(int messages, size_t size, uint32_t channels) {
  static char frames[2][1 << 20];
  static uint64_t number;
  static uint32_t next;
  size_t length[2] = {0};
  /* Subscribers are all of one kind. */
  bool events = peers[0]->events;
  int64_t now = clock_ns();
  for (; messages > 0; messages--) {
    length[events] += message(frames[events] + length[events], events, ++number, now, size);
    if (channels > 1) {
      uint32_t channel = next++ % channels;
      if (channel < count) give(peers[channel], frames[events], length[events]);
      length[events] = 0;
    }
  }
  if (channels > 1) return;
  for (uint32_t i = 0; i < count; i++) give(peers[i], frames[events], length[events]);
}

int main(void) {
  int rate = setting("RATE", 0), burst = setting("BURST", 1), one = 1;
  size_t size = (size_t)setting("SIZE", 128);
  uint32_t channels = (uint32_t)setting("CHANNELS", 1);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  signal(SIGUSR2, toggle);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)setting("PORT", 0)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) {
    perror("limit");
    return 1;
  }
  poller = epoll_create1(0);
  struct epoll_event events[256] = {{.events = EPOLLIN}};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, events);
  int64_t begun = 0;
  uint64_t published = 0;
  for (;;) {
    int64_t now = clock_ns(), wait = 1000000000;
    int due = 0;
    if (!publishing || count == 0) begun = 0;
    else if (rate == 0) {
      bool room = waiting <= (size_t)count * AHEAD;
      due = room ? burst : 0;
      wait = room ? 0 : 1000000;
    } else {
      if (begun == 0) begun = now, published = 0;
      due = (int)((uint64_t)((double)(now - begun) * rate / 1e9) / (uint64_t)burst * (uint64_t)burst - published);
      wait = begun + (int64_t)((double)(published + (uint64_t)(due + burst)) * 1e9 / rate) - now;
      published += (uint64_t)due;
    }
    if (due > 0) publish(due, size, channels);
    int ready = epoll_wait(poller, events, 256, (int)((wait + 999999) / 1000000));
    for (int i = 0; i < ready; i++) {
      struct peer *peer = events[i].data.ptr;
      if (!peer) take(listener);
      else {
        if (events[i].events & EPOLLOUT && peer->length) go_on(peer);
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) hear(peer);
      }
    }
  }
}
