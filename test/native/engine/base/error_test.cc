#include "engine/base/error.h"

#include <new>
#include <stdexcept>

#include "support/check.h"

using namespace codellama;

namespace {

template <typename Exception>
ErrorCode CodeAfter(const Exception& exception) {
  try {
    throw exception;
  } catch (...) {
    return CurrentError().code();
  }
}

}  // namespace

// The addon's promises reject with this error, so none may stay open.
TEST(current_error_covers_every_exception) {
  CHECK(CodeAfter(Error(ErrorCode::kQueueFull, "full")) == ErrorCode::kQueueFull);
  CHECK(CodeAfter(std::bad_alloc()) == ErrorCode::kOutOfMemory);
  CHECK(CodeAfter(std::length_error("long")) == ErrorCode::kOutOfMemory);
  CHECK(CodeAfter(std::runtime_error("odd")) == ErrorCode::kBackendFailed);
  CHECK(CodeAfter(1) == ErrorCode::kBackendFailed);
  CHECK(CodeAfter("text") == ErrorCode::kBackendFailed);
}
