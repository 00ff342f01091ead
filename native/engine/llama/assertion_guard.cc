#include "engine/llama/assertion_guard.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <stdexcept>
#include <string_view>

#include "ggml.h"

namespace codellama {
namespace {

thread_local AssertionGuard* current_guard = nullptr;

}  // namespace

// ggml calls abort() when this returns.
void FailAssertion(const char* message) {
  if (current_guard == nullptr) {
    std::fprintf(stderr, "%s\n", message);
    return;
  }
  const std::string_view text(message);
  const size_t folder = text.find_last_of("/\\", text.find(':', 2));
  current_guard->failure_ = text.substr(folder == std::string_view::npos ? 0 : folder + 1);
  throw std::runtime_error(current_guard->failure_);
}

void InstallAssertionHandler() {
// MSVC assumes that a C function such as ggml_abort throws nothing.
#ifndef _MSC_VER
  ggml_set_abort_callback(FailAssertion);
#endif
}

bool ReportsLackOfMemory(const std::string& message) {
  const char* const words[] = {"unable to allocate", "failed to allocate", "bad_alloc",
                               std::strerror(ENOMEM), std::strerror(EAGAIN)};
  return std::any_of(std::begin(words), std::end(words),
                     [&](const char* each) { return message.find(each) != std::string::npos; });
}

AssertionGuard::AssertionGuard() : outer_(current_guard) { current_guard = this; }

AssertionGuard::~AssertionGuard() { current_guard = outer_; }

}  // namespace codellama
