/* CPU time and memory of the watched processes. */
#include "load.h"
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* schedstat counts nanoseconds on the CPU; stat's clock ticks are too coarse for a window of two seconds. */
static uint64_t cpu_of(int pid) {
  char path[128];
  uint64_t total = 0;
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *tasks = opendir(path);
  if (!tasks) return 0;
  for (struct dirent *entry; (entry = readdir(tasks));) {
    if (!isdigit((unsigned char)entry->d_name[0])) continue;
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", pid, entry->d_name);
    FILE *file = fopen(path, "r");
    uint64_t ns = 0;
    if (file) {
      if (fscanf(file, "%" SCNu64, &ns) == 1) total += ns;
      fclose(file);
    }
  }
  closedir(tasks);
  return total;
}

static uint64_t resident_of(int pid) {
  char path[64], line[256];
  uint64_t kilobytes = 0;
  snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "Rss: %" SCNu64, &kilobytes) == 1) break;
  fclose(file);
  return kilobytes * 1024;
}

struct usage usage_now(void) {
  struct usage usage = {0};
  for (int i = 0; i < options.pid_count; i++) {
    usage.cpu_ns += cpu_of(options.pids[i]);
    usage.resident += resident_of(options.pids[i]);
  }
  return usage;
}
