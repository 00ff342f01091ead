#include "engine/regex/compile_work.h"

#include "engine/base/error.h"

namespace codellama {

namespace {

// Step limit of one compilation: a second or two of work. Ordinary schemas take less than 1% of it,
// and the largest of 598 schemas from public repositories takes 80,000 steps.
constexpr size_t kMaxSteps = 300'000;

thread_local CompileWork* current = nullptr;

}  // namespace

CompileWork::CompileWork(const std::atomic<bool>* stop) : stop_(stop), outer_(current) {
  current = this;
}

CompileWork::~CompileWork() { current = outer_; }

bool CompileWork::IsSpent() { return current != nullptr && current->steps_ > kMaxSteps; }

void CompileWork::Add(size_t steps) {
  if (current == nullptr) return;
  current->steps_ += steps;
  if (current->steps_ > kMaxSteps) {
    throw Error(ErrorCode::kInvalidGrammar, "compiling it takes too much work; simplify it");
  }
  if (current->stop_ != nullptr && current->stop_->load()) {
    throw Error(ErrorCode::kAborted, "compiling the grammar was cancelled");
  }
}

}  // namespace codellama
