// How ggml's threads wait for each other. patches/01-cpu-thread-wait.patch calls this from
// ggml-cpu.c.
//
// Threads meet at a barrier hundreds of times per token, and ggml only spins there. When another
// process takes the core of one thread, the waiting threads burn a whole time slice, and the
// operating system then ranks them lower. Here a thread spins for about as long as a barrier takes
// when all threads run. Then it sleeps until the last thread wakes it. A thread that slept runs
// again at once. sched_yield() is no replacement: each call can cost a time slice. With ten busy
// processes on two cores it made streams twenty times slower.
#pragma once

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(_WIN32)
#include <windows.h>
#else
#include <sched.h>
#endif

// About 50 microseconds: a pause takes 40 to 140 cycles.
enum { kCodellamaSpins = 1024 };

#if defined(__linux__)

// Sleeping threads of all thread pools. At 0, waking needs no system call.
static atomic_int codellama_sleepers;

static inline void codellama_sleep_while_equal(atomic_int* value, int expected) {
  atomic_fetch_add_explicit(&codellama_sleepers, 1, memory_order_seq_cst);
  // Returns at once when the value has changed already.
  syscall(SYS_futex, value, FUTEX_WAIT_PRIVATE, expected, (void*)0, (void*)0, 0);
  atomic_fetch_sub_explicit(&codellama_sleepers, 1, memory_order_seq_cst);
}

static inline void codellama_wake_all(atomic_int* value) {
  enum { kAll = 1 << 30 };
  if (atomic_load_explicit(&codellama_sleepers, memory_order_seq_cst) == 0) return;
  syscall(SYS_futex, value, FUTEX_WAKE_PRIVATE, kAll, (void*)0, (void*)0, 0);
}

#else

static inline void codellama_sleep_while_equal(atomic_int* value, int expected) {
  (void)value;
  (void)expected;
#if defined(_WIN32)
  SwitchToThread();
#else
  sched_yield();
#endif
}

static inline void codellama_wake_all(atomic_int* value) { (void)value; }

#endif

// Waits until the value differs from `expected`.
static inline void codellama_wait_while_equal(atomic_int* value, int expected) {
  for (int i = 0; i < kCodellamaSpins; i++) {
    if (atomic_load_explicit(value, memory_order_relaxed) != expected) return;
    ggml_thread_cpu_relax();
  }
  while (atomic_load_explicit(value, memory_order_relaxed) == expected) {
    codellama_sleep_while_equal(value, expected);
  }
}
