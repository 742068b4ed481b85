/* The load generator: many subscribers in one thread, each of which checks what it gets. README.md says how to use it. */
#pragma once
#define _GNU_SOURCE
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum transport { WEBSOCKET, SOCKETIO, EVENTS, POLL, HTTP2 };
enum stage { CLOSED, CONNECTING, ASKED, OPEN, SUBSCRIBED };

/* What one subscriber has received, judged by the numbers that the messages carry. */
struct tally {
  uint64_t count, first, last;
  uint32_t doubled, skipped;
};

struct buffer {
  char *bytes;
  size_t length, capacity;
};

struct connection {
  int fd;
  uint8_t stage;
  bool late;
  uint32_t index;
  struct buffer rest; /* received, not yet a whole frame, event or answer */
  struct buffer body; /* an event stream without its chunk framing; a WebSocket message without its fragments */
  struct buffer out;  /* what the kernel did not take yet */
  uint64_t chunk;     /* bytes left of the chunk, 2 more for its line end */
  bool chunked, compressed;
  uint32_t streams;   /* of its HTTP/2 connection, those that are subscribed */
  size_t unconfirmed; /* bytes of that connection since the last update of its window */
  struct tally tally;
};

struct options {
  enum transport transport;
  struct sockaddr_in address;
  char host[64];
  const char *path, *late_path, *ready;
  const char *send[4], *late_send;
  int sends;
  bool binary, churn, late_connect, deflate, profile;
  uint32_t connections, late, at_once, streams;
  uint64_t late_expect, step;
  double settle, warm, window, drain, late_within;
  int pids[16], pid_count;
  /* who publishes: the server itself, told by a signal, or this process */
  bool signal;
  const char *publish_path, *publish_body, *publish_hello;
  struct sockaddr_in publish_address;
  bool publish_array, publish_line;
  double rate;
  uint32_t burst, ahead;
  int size;
};
extern struct options options;

/* What is going on, shared by the files. */
struct state {
  struct connection *connections;
  uint32_t subscribed, failed, dropped, connecting;
  uint64_t total, deliveries, receipts, bytes, other, faults, gaps, late_deliveries;
  uint32_t late_done;
  int64_t late_done_at;
  bool counting, recording;
  int64_t now; /* when the bytes at hand were received */
};
extern struct state state;
extern int poller;

/* main.c */
int64_t clock_ns(void);
_Noreturn void die(const char *format, ...);
void append(struct buffer *buffer, const void *bytes, size_t length);
void release(struct buffer *buffer);
void parse_address(const char *text, struct sockaddr_in *address);

/* connection.c */
void connection_open(struct connection *connection);
void connection_close(struct connection *connection, bool failed);
void connection_send(struct connection *connection, const char *bytes, size_t length);
void connection_ready(struct connection *connection);
void connection_subscribe(struct connection *connection);
void connection_event(struct connection *connection, uint32_t events);
size_t numbered(char *to, size_t capacity, const char *template, uint32_t index);

/* wire.c: each takes what is whole and returns how many bytes that was */
size_t websocket_take(struct connection *connection, char *bytes, size_t length);
size_t events_take(struct connection *connection, char *bytes, size_t length);
size_t poll_take(struct connection *connection, char *bytes, size_t length);
void websocket_send(struct connection *connection, int opcode, const char *bytes, size_t length);
void poll_ask(struct connection *connection, const char *after, size_t length);

/* http2.c */
void http2_ask(struct connection *connection);
size_t http2_take(struct connection *connection, char *bytes, size_t length);

/* tally.c */
bool received(struct connection *connection, const char *bytes, size_t length);
double latency_us(double share);
double latency_max_us(void);

/* server.c: what the watched processes have used */
struct usage {
  uint64_t cpu_ns, resident;
};
struct usage usage_now(void);

/* publish.c */
void publish_begin(void);
void publish_turn(void);
void publish_event(uint32_t events);
void publish_end(void);
int64_t publish_due(void);
extern uint64_t publish_sent, publish_refused;
extern int publish_fd;
