// How ggml's threads wait for each other; thread_wait.cmake puts it into ggml's CPU backend.
//
// They meet at a barrier hundreds of times a token, and ggml only spins there. When another process
// has taken the core of one of them, those that wait for it burn theirs for a whole time slice, and
// with it their own claim to run next. Here a thread spins for as long as a barrier takes when all
// of them run, and then sleeps until it is woken: what it does not burn lets it run at once when
// its turn comes. Offering the core (sched_yield) instead costs a time slice each time: beside ten
// busy processes on two cores streams were seen to be twenty times as slow with it.
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

// Some 50 microseconds; a pause takes 40 to 140 cycles.
enum { kCodellamaSpins = 1024 };

#if defined(__linux__)

// Of all thread pools: whoever opens a barrier spares itself the system call when nobody sleeps.
static atomic_int codellama_sleepers;

static inline void codellama_sleep_while(atomic_int* value, int seen) {
  atomic_fetch_add_explicit(&codellama_sleepers, 1, memory_order_seq_cst);
  // Returns at once when the value is another one by now.
  syscall(SYS_futex, value, FUTEX_WAIT_PRIVATE, seen, (void*)0, (void*)0, 0);
  atomic_fetch_sub_explicit(&codellama_sleepers, 1, memory_order_seq_cst);
}

static inline void codellama_wake_all(atomic_int* value) {
  enum { kAll = 1 << 30 };
  if (atomic_load_explicit(&codellama_sleepers, memory_order_seq_cst) == 0) return;
  syscall(SYS_futex, value, FUTEX_WAKE_PRIVATE, kAll, (void*)0, (void*)0, 0);
}

#else

static inline void codellama_sleep_while(atomic_int* value, int seen) {
  (void)value;
  (void)seen;
#if defined(_WIN32)
  SwitchToThread();
#else
  sched_yield();
#endif
}

static inline void codellama_wake_all(atomic_int* value) { (void)value; }

#endif

// Waits until the value is no longer the one that was seen.
static inline void codellama_wait_while_equal(atomic_int* value, int seen) {
  for (int i = 0; i < kCodellamaSpins; i++) {
    if (atomic_load_explicit(value, memory_order_relaxed) != seen) return;
    ggml_thread_cpu_relax();
  }
  while (atomic_load_explicit(value, memory_order_relaxed) == seen) {
    codellama_sleep_while(value, seen);
  }
}
