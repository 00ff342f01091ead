// Limits the work of compiling one grammar, and lets another thread cancel it.
#pragma once

#include <atomic>
#include <cstddef>

namespace codellama {

// Counts the work of the current thread while this object is in scope. The innermost object counts.
// Work outside any scope has no limit.
class CompileWork {
 public:
  // Another thread sets `stop` to cancel the work. Null = the work cannot be cancelled.
  explicit CompileWork(const std::atomic<bool>* stop);
  ~CompileWork();
  CompileWork(const CompileWork&) = delete;
  CompileWork& operator=(const CompileWork&) = delete;

  // Whether the work of the current thread has exceeded its limit.
  static bool IsSpent();

  // Adds steps; one step stands for about a microsecond or a few. Throws kInvalidGrammar when the
  // work exceeds its limit, a second or two, and kAborted soon after `stop` becomes true.
  static void Add(size_t steps);

 private:
  const std::atomic<bool>* stop_;
  size_t steps_ = 0;
  CompileWork* outer_;
};

}  // namespace codellama
