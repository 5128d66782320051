// Preloaded into a payment-server: BURN_NS_PER_RECORD nanoseconds of CPU more for each record that it reads from Kafka. For
// ci/compare-check, which wants a build that is slower by a share that is known. Never installed.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

enum { kRecordsAtOnce = 1000 };  // asking the clock costs more than a record is to be slowed by

static int64_t thread_cpu_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void rd_kafka_message_destroy(void *message) {
  static void (*destroy)(void *);
  static int64_t burn_ns = -1;
  static __thread int records;
  if (destroy == NULL) destroy = (void (*)(void *))dlsym(RTLD_NEXT, "rd_kafka_message_destroy");
  if (burn_ns < 0) {
    const char *given = getenv("BURN_NS_PER_RECORD");
    burn_ns = given == NULL ? 0 : strtoll(given, NULL, 10);
  }
  destroy(message);
  if (++records < kRecordsAtOnce) return;
  const int64_t until_ns = thread_cpu_ns() + burn_ns * records;
  records = 0;
  while (thread_cpu_ns() < until_ns) {
  }
}
