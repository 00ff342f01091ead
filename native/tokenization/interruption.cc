#include "interruption.h"

#include <system_error>
#include <utility>

namespace codellama {

namespace {

thread_local const std::atomic<bool>* interruption = nullptr;

}  // namespace

const std::atomic<bool>* SetInterruption(const std::atomic<bool>* flag) {
  return std::exchange(interruption, flag);
}

void ThrowIfInterrupted() {
  if (interruption != nullptr && interruption->load(std::memory_order_relaxed)) {
    throw std::system_error(std::make_error_code(std::errc::operation_canceled));
  }
}

}  // namespace codellama
