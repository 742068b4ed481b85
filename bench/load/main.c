/* Opens subscribers, has messages published, and prints one JSON object about what was delivered and at what cost.
 * Linux, libc only; README.md says what the numbers mean. */
#include "load.h"
#include <arpa/inet.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

struct options options = {.path = "/", .connections = 1, .at_once = 100, .streams = 1, .step = 1, .burst = 1, .ahead = 20,
                          .size = 128, .drain = 10, .warm = 0.3, .late_within = 60};
struct state state;
int poller;
static uint32_t opened;
static int64_t idle_ns;

int64_t clock_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("load: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(2);
}

void append(struct buffer *buffer, const void *bytes, size_t length) {
  if (length == 0) return;
  if (buffer->length + length > buffer->capacity) {
    size_t capacity = buffer->capacity ? buffer->capacity : 256;
    while (capacity < buffer->length + length) capacity *= 2;
    buffer->bytes = realloc(buffer->bytes, capacity);
    if (!buffer->bytes) die("out of memory");
    buffer->capacity = capacity;
  }
  memcpy(buffer->bytes + buffer->length, bytes, length);
  buffer->length += length;
}

void release(struct buffer *buffer) {
  free(buffer->bytes);
  *buffer = (struct buffer){0};
}

void parse_address(const char *text, struct sockaddr_in *address) {
  *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(text)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* Takes part in what has happened, for at most `wait` nanoseconds. While messages or answers to connects are expected it
 * never sleeps: waking it would be charged to the server's writes, and dearly so in a virtual machine. */
static void turn(int64_t wait) {
  struct epoll_event events[512];
  int64_t began = clock_ns();
  bool spin = state.counting || options.churn;
  int ms = wait > 50000000 ? 50 : (int)(wait / 1000000) + 1;
  int count = epoll_wait(poller, events, 512, spin ? 0 : ms);
  for (int i = 0; i < count; i++) {
    if (events[i].data.ptr == &publish_fd) publish_event(events[i].events);
    else connection_event(events[i].data.ptr, events[i].events);
  }
  if (publish_fd >= 0) publish_turn();
  if (count == 0) idle_ns += clock_ns() - began;
}

static void turns_for(double seconds) {
  int64_t end = clock_ns() + (int64_t)(seconds * 1e9);
  for (int64_t left; (left = end - clock_ns()) > 0;) turn(left);
}

/* Opens the connections from `first` to `last`, some of them at a time. */
static void open_all(uint32_t first, uint32_t last) {
  int64_t end = clock_ns() + 60000000000;
  for (opened = first; opened < last || state.connecting > 0;) {
    for (; opened < last && state.connecting < options.at_once; opened += options.streams)
      connection_open(&state.connections[opened]);
    turn(50000000);
    if (clock_ns() > end) die("%u of %u connections are open after a minute", state.subscribed, last);
    if (state.failed > 20) die("connections fail");
  }
}

static void come_and_go(double seconds) {
  int64_t end = clock_ns() + (int64_t)(seconds * 1e9);
  while (clock_ns() < end) {
    for (uint32_t i = 0; i < options.connections; i++)
      if (state.connections[i].stage == CLOSED) connection_open(&state.connections[i]);
    turn(end - clock_ns());
    if (state.failed > 20) die("connections fail");
  }
}

/* Tells the watched server, which knows what that means, that its profile is to begin, or to end. */
static void profile(void) {
  if (options.profile) kill(options.pids[0], SIGPWR);
}

static void print_churn(void) {
  profile();
  come_and_go(options.warm);
  struct usage before = usage_now();
  state.subscribed = 0;
  int64_t began = clock_ns();
  come_and_go(options.window);
  struct usage after = usage_now();
  double seconds = (double)(clock_ns() - began) / 1e9, connects = state.subscribed;
  profile();
  if (options.profile) turns_for(1);
  if (connects == 0) die("nobody has connected");
  printf("{\"connects\":%.0f,\"connectsPerSecond\":%.0f,\"cpuUsPerConnect\":%.3f,\"serverCores\":%.3f,\"failed\":%u,"
         "\"faults\":%" PRIu64 "}\n",
         connects, connects / seconds, (double)(after.cpu_ns - before.cpu_ns) / 1e3 / connects,
         (double)(after.cpu_ns - before.cpu_ns) / 1e9 / seconds, state.failed, state.faults);
}

/* Numbers from `low` to `high` of those that go to a subscriber whose first was `first`. */
static uint64_t expected(uint64_t low, uint64_t high, uint64_t first) {
  uint64_t step = options.step, offset = first % step;
  uint64_t from = low % step <= offset ? low - low % step + offset : low - low % step + offset + step;
  return high >= from ? (high - from) / step + 1 : 0;
}

static void print_verdict(void) {
  uint64_t low = UINT64_MAX, high = 0, doubled = 0, silent = 0;
  int64_t lost = 0;
  uint32_t live = options.connections - options.late;
  for (uint32_t i = 0; i < live; i++) {
    struct tally *tally = &state.connections[i].tally;
    if (tally->count && tally->first < low) low = tally->first;
    if (tally->last > high) high = tally->last;
  }
  /* Who publishes here knows what all of them should have got. */
  if (publish_sent && live) low = 1, high = publish_sent;
  for (uint32_t i = 0; i < options.connections; i++) {
    struct tally *tally = &state.connections[i].tally;
    doubled += tally->doubled;
    uint64_t wanted = i < live ? (tally->count ? expected(low, high, tally->first) : 0) : options.late_expect;
    if (options.window > 0 && tally->count == 0 && (i >= live || high < low || high - low + 1 >= options.step)) silent++;
    lost += (int64_t)wanted - (int64_t)(tally->count - tally->doubled);
    if (i >= live && tally->count && tally->first != tally->last + 1 - tally->count + tally->doubled) lost++;
  }
  printf("\"lost\":%" PRId64 ",\"doubled\":%" PRIu64 ",\"silent\":%" PRIu64 ",\"dropped\":%u,\"failed\":%u,\"gaps\":%" PRIu64
         ",\"faults\":%" PRIu64 ",\"other\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"published\":%" PRIu64,
         lost, doubled, silent, state.dropped, state.failed, state.gaps, state.faults, state.other, publish_refused,
         publish_sent);
}

/* The late ones come, or subscribe, all at once; this waits until each has got what it is behind. */
static double storm(void) {
  uint32_t live = options.connections - options.late;
  int64_t began = clock_ns(), end = began + (int64_t)(options.late_within * 1e9);
  if (options.late_connect) {
    for (opened = live; opened < options.connections && clock_ns() < end; turn(0))
      while (opened < options.connections && state.connecting < options.at_once)
        connection_open(&state.connections[opened++]);
  } else
    for (uint32_t i = live; i < options.connections; i++) connection_subscribe(&state.connections[i]);
  while (state.late_done < options.late && clock_ns() < end) turn(0);
  return (double)(state.late_done_at - began) / 1e9;
}

static void run(void) {
  uint32_t live = options.connections - options.late;
  struct usage start = usage_now();
  int64_t began = clock_ns();
  open_all(0, options.late_connect ? live : options.connections);
  double seconds = (double)(clock_ns() - began) / 1e9;
  struct usage connected = usage_now();
  turns_for(options.settle);
  struct usage idle = usage_now();
  double each = state.subscribed ? state.subscribed : 1;
  printf("{\"connections\":%u,\"connectsPerSecond\":%.0f,\"cpuUsPerConnect\":%.3f,\"bytesPerConnection\":%.0f,",
         state.subscribed, each / seconds, (double)(connected.cpu_ns - start.cpu_ns) / 1e3 / each,
         ((double)idle.resident - (double)start.resident) / each);
  if (options.window > 0) {
    state.counting = true;
    publish_begin();
    profile();
    turns_for(options.warm);
    struct usage before = usage_now();
    began = clock_ns();
    idle_ns = 0;
    state.recording = true;
    double late = options.late ? storm() : 0;
    if (!options.late) turns_for(options.window);
    seconds = (double)(clock_ns() - began) / 1e9;
    struct usage after = usage_now();
    profile();
    double busy = 1 - (double)idle_ns / 1e9 / seconds;
    double cpu = (double)(after.cpu_ns - before.cpu_ns) / 1e3;
    uint64_t delivered = state.deliveries + state.late_deliveries;
    /* What the others were made to wait for arrives after the storm. */
    if (options.late) turns_for(options.window);
    state.recording = false;
    publish_end();
    int64_t end = clock_ns() + (int64_t)(options.drain * 1e9);
    for (uint64_t seen = UINT64_MAX; seen != state.total && clock_ns() < end;) {
      seen = state.total;
      turns_for(0.25);
    }
    printf("\"seconds\":%.3f,\"deliveries\":%" PRIu64 ",\"perReceipt\":%.2f,\"perSecond\":%.0f,\"bytesPerSecond\":%.0f,\"cpuUs\":%.4f,"
           "\"serverCores\":%.4f,\"loadBusy\":%.3f,\"p50Us\":%.0f,\"p99Us\":%.0f,\"maxUs\":%.0f,\"lateSeconds\":%.4f,"
           "\"bytesLater\":%" PRIu64 ",",
           seconds, delivered, state.receipts ? (double)delivered / (double)state.receipts : 0,
           (double)delivered / seconds, (double)state.bytes / seconds,
           delivered ? cpu / (double)delivered : 0, cpu / 1e6 / seconds, busy, latency_us(.5), latency_us(.99),
           latency_max_us(), late, after.resident);
  }
  print_verdict();
  printf("}\n");
}

/* "\r" and "\n" in an argument. */
static char *unescaped(const char *text) {
  char *copy = strdup(text), *to = copy;
  for (; *text; text++)
    if (*text == '\\' && (text[1] == 'r' || text[1] == 'n')) *to++ = *++text == 'r' ? '\r' : '\n';
    else *to++ = *text;
  *to = 0;
  return copy;
}

static void add_pids(char *list) {
  for (char *pid = strtok(list, ","); pid && options.pid_count < 16; pid = strtok(NULL, ","))
    options.pids[options.pid_count++] = atoi(pid);
}

static enum transport transport_of(const char *name) {
  static const char *const names[] = {"ws", "socketio", "sse", "poll", "h2"};
  for (int i = 0; i < 5; i++)
    if (!strcmp(name, names[i])) return (enum transport)i;
  die("no transport %s", name);
}

static void set(const char *name, char *value) {
#define NAMED(option) (!strcmp(name, option))
  if NAMED("transport") options.transport = transport_of(value);
  else if NAMED("port") parse_address(value, &options.address);
  else if NAMED("path") options.path = value;
  else if NAMED("late-path") options.late_path = value;
  else if NAMED("late-send") options.late_send = value;
  else if NAMED("ready") options.ready = value;
  else if NAMED("send" ) options.send[options.sends < 4 ? options.sends++ : 3] = unescaped(value);
  else if NAMED("connections") options.connections = (uint32_t)atoi(value);
  else if NAMED("late") options.late = (uint32_t)atoi(value);
  else if NAMED("late-expect") options.late_expect = strtoull(value, NULL, 10);
  else if NAMED("at-once") options.at_once = (uint32_t)atoi(value);
  else if NAMED("streams") options.streams = (uint32_t)atoi(value);
  else if NAMED("step") options.step = strtoull(value, NULL, 10);
  else if NAMED("settle") options.settle = atof(value);
  else if NAMED("warm") options.warm = atof(value);
  else if NAMED("window") options.window = atof(value);
  else if NAMED("drain") options.drain = atof(value);
  else if NAMED("pids") add_pids(value);
  else if NAMED("publish-port") parse_address(value, &options.publish_address);
  else if NAMED("publish-path") options.publish_path = value;
  else if NAMED("publish-body") options.publish_body = value;
  else if NAMED("publish-hello") options.publish_hello = unescaped(value);
  else if NAMED("rate") options.rate = atof(value);
  else if NAMED("burst") options.burst = (uint32_t)atoi(value);
  else if NAMED("ahead") options.ahead = (uint32_t)atoi(value);
  else if NAMED("size") options.size = atoi(value);
  else if NAMED("binary") options.binary = true;
  else if NAMED("churn") options.churn = true;
  else if NAMED("deflate") options.deflate = true;
  else if NAMED("late-connect") options.late_connect = true;
  else if NAMED("signal") options.signal = true;
  else if NAMED("profile") options.profile = true;
  else if NAMED("publish-array") options.publish_array = true;
  else if NAMED("publish-line") options.publish_line = true;
  else die("no option --%s", name);
}

/* Options are --name=value or --name; main.ts gives them. */
int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strncmp(argv[i], "--", 2)) die("not an option: %s", argv[i]);
    char *value = strchr(argv[i], '=');
    if (value) *value++ = 0;
    set(argv[i] + 2, value ? value : "");
  }
  if (options.address.sin_port == 0 || options.late > options.connections || options.connections % options.streams)
    die("the options do not fit each other");
  snprintf(options.host, sizeof options.host, "127.0.0.1:%u", ntohs(options.address.sin_port));
  if (options.publish_address.sin_port == 0) options.publish_address = options.address;
  signal(SIGPIPE, SIG_IGN);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  poller = epoll_create1(0);
  state.connections = calloc(options.connections, sizeof *state.connections);
  if (!state.connections || poller < 0) die("out of memory");
  for (uint32_t i = 0; i < options.connections; i++) {
    state.connections[i].index = i;
    state.connections[i].late = i >= options.connections - options.late;
  }
  if (options.churn) print_churn();
  else run();
  return 0;
}
