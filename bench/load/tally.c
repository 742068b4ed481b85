/* Every message carries when it was published and its number: `"ts":NANOSECONDS,"n":NUMBER`. */
#include "load.h"
#include <string.h>

/* Latencies in steps of 1/64 of a power of two: an error of at most 1.6 %. */
#define STEPS 64
static uint64_t histogram[64 * STEPS], recorded, slowest;

static void record(int64_t ns) {
  uint64_t value = ns > 0 ? (uint64_t)ns : 0;
  if (value > slowest) slowest = value;
  recorded++;
  if (value < STEPS) {
    histogram[value]++;
    return;
  }
  int power = 63 - __builtin_clzll(value);
  histogram[(size_t)(power - 5) * STEPS + ((value >> (power - 6)) - STEPS)]++;
}

double latency_us(double share) {
  uint64_t wanted = (uint64_t)(share * (double)recorded), seen = 0;
  for (size_t i = 0; i < sizeof histogram / sizeof *histogram; i++) {
    seen += histogram[i];
    if (seen <= wanted) continue;
    if (i < STEPS) return (double)i / 1e3;
    int shift = (int)(i / STEPS) - 1;
    return (double)((i % STEPS + STEPS) << shift) * (1 + 0.5 / STEPS) / 1e3;
  }
  return (double)slowest / 1e3;
}

double latency_max_us(void) { return (double)slowest / 1e3; }

static const char *number(const char *at, const char *end, uint64_t *value) {
  uint64_t sum = 0;
  for (; at < end && (unsigned)(*at - '0') < 10; at++) sum = sum * 10 + (uint64_t)(*at - '0');
  *value = sum;
  return at;
}

static void count(struct connection *connection, int64_t published, uint64_t n) {
  struct tally *tally = &connection->tally;
  if (tally->count++ == 0) tally->first = tally->last = n;
  else if (n == tally->last + options.step) tally->last = n;
  else if (n > tally->last) {
    tally->skipped += (uint32_t)((n - tally->last) / options.step - 1);
    tally->last = n;
  } else tally->doubled++;
  if (connection->late) {
    state.late_deliveries++;
    if (tally->count == options.late_expect) {
      state.late_done++;
      state.late_done_at = state.now;
    }
    return;
  }
  state.total++;
  if (!state.recording) return;
  state.deliveries++;
  record(state.now - published);
}

/* Whether there was a message in these bytes; a frame may hold several. */
bool received(struct connection *connection, const char *bytes, size_t length) {
  static const char time_mark[] = "\"ts\":", number_mark[] = ",\"n\":";
  const char *end = bytes + length;
  bool any = false;
  while ((bytes = memmem(bytes, (size_t)(end - bytes), time_mark, sizeof time_mark - 1))) {
    uint64_t published, n;
    bytes = number(bytes + sizeof time_mark - 1, end, &published);
    if ((size_t)(end - bytes) < sizeof number_mark - 1 || memcmp(bytes, number_mark, sizeof number_mark - 1)) {
      state.faults++;
      return any;
    }
    bytes = number(bytes + sizeof number_mark - 1, end, &n);
    any = true;
    if (state.counting) count(connection, (int64_t)published, n);
  }
  return any;
}
