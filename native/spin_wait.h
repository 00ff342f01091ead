// Included before ggml's CPU backend (CMakeLists.txt), where it replaces what threads do while
// they wait for each other: a pause, and now and then an offer of the core to whoever needs it.
//
// ggml's threads meet at a barrier hundreds of times a token and only spin there. When another
// process has taken a core, the thread that lost it is waited for by threads that burn the others
// for a whole time slice: two threads were seen to fall from 950 tokens a second to 10. With
// the offer the one that is waited for gets a core at once (150 tokens a second in that place).
// When nobody else wants the core, the offer costs a third of a microsecond.
#pragma once

#if defined(_WIN32)
#include <windows.h>
#define CODELLAMA_THREAD_LOCAL __declspec(thread)
#else
#include <sched.h>
#define CODELLAMA_THREAD_LOCAL _Thread_local
#endif

static inline void codellama_spin_wait_(void) {
  enum { kPausesForOneOffer = 64 };  // about a microsecond
  static CODELLAMA_THREAD_LOCAL unsigned pauses = 0;
#if defined(_WIN32)
  YieldProcessor();
  if (++pauses % kPausesForOneOffer == 0) SwitchToThread();
#else
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield" ::: "memory");
#endif
  if (++pauses % kPausesForOneOffer == 0) sched_yield();
#endif
}

// ggml's definition, `ggml_thread_cpu_relax(void)`, becomes codellama_spin_wait_void and is unused;
// its calls, `ggml_thread_cpu_relax()`, become calls of the function above.
#define ggml_thread_cpu_relax(...) codellama_spin_wait_##__VA_ARGS__(__VA_ARGS__)
