/*
 * For programs under QEMU's user mode; loaded with LD_PRELOAD by the check of packages only.
 *
 * - Its version 7.2 answers TCGETS2 and TCSETS2 with ENOSYS. Here the kernel is told the same with TCGETS and TCSETS,
 *   which name rates by code. Fast rates of mining chips have no code that QEMU lets through; they borrow slow ones'.
 * - It is some ten times slower than a processor, and the guard takes a miner that says nothing for 1.5 s for dead. So
 *   clocks go slower by QEMU_GUEST_SLOWER from QEMU_GUEST_SINCE on; Node's timers look at them, and wait again when it is
 *   too early.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Linux, asm-generic/ioctls.h and termbits.h. */
#define GET 0x5401
#define SET 0x5402
#define GET2 0x802c542a
#define SET2 0x402c542b
#define RATE_BITS 0x100f100f
#define RATE_CODE 0x100f
#define RATE_IS_NUMBER 0x1000

struct settings {
  uint32_t input, output, control, local;
  uint8_t line, characters[19];
  uint32_t input_speed, output_speed;
};

static const struct {
  uint32_t code, rate;
} rates[] = {
    {0x000f, 38400},
    {0x1002, 115200},
    {0x1001, 3000000},
    {0x1003, 1000000},
    {0x1004, 3125000},
};
#define SECOND 1000000000ll
#define RATES (sizeof rates / sizeof rates[0])

static int get(int fd, struct settings *settings) {
  if (syscall(SYS_ioctl, fd, GET, settings) < 0) return -1;
  settings->input_speed = settings->output_speed = 0;
  for (unsigned i = 0; i < RATES; i++)
    if (rates[i].code == (settings->control & RATE_CODE))
      settings->input_speed = settings->output_speed = rates[i].rate;
  return 0;
}

static int set(int fd, unsigned long when, const struct settings *wanted) {
  struct settings settings = *wanted;
  if ((settings.control & RATE_CODE) == RATE_IS_NUMBER) {
    unsigned i = 0;
    while (i < RATES && rates[i].rate != settings.output_speed) i++;
    if (i == RATES) {
      errno = EINVAL;
      return -1;
    }
    settings.control = (settings.control & ~RATE_BITS) | rates[i].code;
  }
  return syscall(SYS_ioctl, fd, SET + when, &settings);
}

int ioctl(int fd, unsigned long request, ...) {
  va_list arguments;
  va_start(arguments, request);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  /* The other two wait for the output, or also drop the input. */
  if (request == GET2) return get(fd, argument);
  if (request >= SET2 && request <= SET2 + 2) return set(fd, request - SET2, argument);
  return syscall(SYS_ioctl, fd, request, argument);
}

static int64_t number(const char *name, int64_t otherwise) {
  const char *text = getenv(name);
  return text == NULL ? otherwise : atoll(text);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  static int64_t slower, since;
  if (slower == 0) {
    since = number("QEMU_GUEST_SINCE", 0) * SECOND;
    slower = number("QEMU_GUEST_SLOWER", 1);
  }
  if (syscall(SYS_clock_gettime, clock, now) < 0) return -1;
  int64_t nanoseconds = (int64_t)now->tv_sec * SECOND + now->tv_nsec;
  switch (clock) {
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
      nanoseconds /= slower;
      break;
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
      nanoseconds = since + (nanoseconds - since) / slower;
      break;
    default: /* processor time */
      return 0;
  }
  now->tv_sec = nanoseconds / SECOND;
  now->tv_nsec = nanoseconds % SECOND;
  return 0;
}

int gettimeofday(struct timeval *now, void *zone) {
  struct timespec precise;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &precise) < 0) return -1;
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}
