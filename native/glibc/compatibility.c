// Implements functions that glibc added after 2.28 with older functions. GCC's libraries and headers use
// them. Only binaries for other machines contain this file: see scripts/older-glibc.mjs.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// If true, libstdc++ uses non-atomic reference counts. Node.js has many threads, so it is false.
char __libc_single_threaded = 0;

int getcpu(unsigned int* cpu, unsigned int* node) {
  return (int)syscall(SYS_getcpu, cpu, node, NULL);
}

// Before glibc 2.33, stat() was an inline function that called these.
#if defined(__x86_64__)
#define STAT_VERSION 1
#else
#define STAT_VERSION 0
#endif
int __xstat(int version, const char* path, struct stat* result);
int __lxstat(int version, const char* path, struct stat* result);
int __fxstat(int version, int file, struct stat* result);

int stat(const char* path, struct stat* result) { return __xstat(STAT_VERSION, path, result); }
int lstat(const char* path, struct stat* result) { return __lxstat(STAT_VERSION, path, result); }
int fstat(int file, struct stat* result) { return __fxstat(STAT_VERSION, file, result); }

// Both structures are the same on 64-bit systems.
int stat64(const char* path, struct stat64* result) { return stat(path, (struct stat*)result); }
int lstat64(const char* path, struct stat64* result) { return lstat(path, (struct stat*)result); }
int fstat64(int file, struct stat64* result) { return fstat(file, (struct stat*)result); }

// Converts a deadline to the clock of condition variables and mutexes. If somebody sets CLOCK_REALTIME
// back during the wait, the wait becomes longer. GCC before 10 had the same behaviour.
static struct timespec OnRealtimeClock(clockid_t clock, const struct timespec* deadline) {
  if (clock == CLOCK_REALTIME) return *deadline;
  struct timespec here;
  struct timespec there;
  clock_gettime(clock, &here);
  clock_gettime(CLOCK_REALTIME, &there);
  struct timespec result = {.tv_sec = there.tv_sec + deadline->tv_sec - here.tv_sec,
                            .tv_nsec = there.tv_nsec + deadline->tv_nsec - here.tv_nsec};
  while (result.tv_nsec < 0) {
    result.tv_nsec += 1000000000;
    result.tv_sec--;
  }
  while (result.tv_nsec >= 1000000000) {
    result.tv_nsec -= 1000000000;
    result.tv_sec++;
  }
  return result;
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const struct timespec* deadline) {
  const struct timespec until = OnRealtimeClock(clock, deadline);
  return pthread_cond_timedwait(condition, mutex, &until);
}

int pthread_mutex_clocklock(pthread_mutex_t* mutex, clockid_t clock,
                            const struct timespec* deadline) {
  const struct timespec until = OnRealtimeClock(clock, deadline);
  return pthread_mutex_timedlock(mutex, &until);
}

// std::random_device calls this since GCC 12.
uint32_t arc4random(void) {
  uint32_t value;
  while (getrandom(&value, sizeof value, 0) != sizeof value) {
  }
  return value;
}
