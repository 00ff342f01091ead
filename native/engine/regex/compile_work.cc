#include "engine/regex/compile_work.h"

#include "engine/base/error.h"

namespace codellama {

namespace {

constexpr size_t kMostSteps = 1'000'000;

thread_local CompileWork* current = nullptr;

}  // namespace

CompileWork::CompileWork(const std::atomic<bool>* stop) : stop_(stop), outer_(current) {
  current = this;
}

CompileWork::~CompileWork() { current = outer_; }

void CompileWork::Add(size_t steps) {
  if (current == nullptr) return;
  current->steps_ += steps;
  if (current->steps_ > kMostSteps) {
    throw Error(ErrorCode::kInvalidGrammar, "it takes too much work to compile; simplify it");
  }
  if (current->stop_ != nullptr && current->stop_->load()) {
    throw Error(ErrorCode::kAborted, "compiling the grammar was cancelled");
  }
}

}  // namespace codellama
