// Bounds the work of compiling one grammar, and lets another thread stop it.
#pragma once

#include <atomic>
#include <cstddef>

namespace codellama {

// Counts work on this thread while it is in scope. Work outside any scope is not bounded.
class CompileWork {
 public:
  // `stop` may be null.
  explicit CompileWork(const std::atomic<bool>* stop);
  ~CompileWork();
  CompileWork(const CompileWork&) = delete;
  CompileWork& operator=(const CompileWork&) = delete;

  // Adds steps of about a microsecond. Throws kInvalidGrammar beyond some seconds of work, and
  // kAborted soon after `stop` turns true.
  static void Add(size_t steps);

 private:
  const std::atomic<bool>* stop_;
  size_t steps_ = 0;
  CompileWork* outer_;
};

}  // namespace codellama
