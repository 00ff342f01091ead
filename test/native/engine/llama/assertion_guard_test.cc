#include "engine/llama/assertion_guard.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

#include "ggml.h"
#include "support/check.h"
#include "support/gguf_refusal.h"

namespace codellama::test {
namespace {

// Adds vectors of 3 and of 5 numbers, which fails an assertion in ggml's C code.
int* AddUnequalVectors() {
  const std::unique_ptr<ggml_context, decltype(&ggml_free)> context(
      ggml_init({4096, nullptr, true}), ggml_free);
  ggml_add(context.get(), ggml_new_tensor_1d(context.get(), GGML_TYPE_F32, 3),
           ggml_new_tensor_1d(context.get(), GGML_TYPE_F32, 5));
  return nullptr;
}

// Catches the exception like llama.cpp's loading functions.
int* AddAndCatch() {
  try {
    return AddUnequalVectors();
  } catch (const std::exception&) {
    return nullptr;
  }
}

template <typename Call>
std::string RefusalAfter(const Call& call) {
  InstallAssertionHandler();
  return RefusalOf("m.gguf", [&] { GuardAssertions("m.gguf", call); });
}

TEST(failed_assertion_becomes_an_error_with_file_and_place) {
  for (const std::string& refusal : {RefusalAfter(AddUnequalVectors), RefusalAfter(AddAndCatch)}) {
    CHECK(refusal.starts_with("MODEL_INVALID: llama.cpp cannot run it: ggml.c:"));
    CHECK(refusal.find("GGML_ASSERT(ggml_can_repeat(b, a)) failed") != std::string::npos);
  }
}

TEST(missing_operand_is_reported_as_a_missing_tensor) {
  const auto multiply = [](bool lacks_first) -> int* {
    const std::unique_ptr<ggml_context, decltype(&ggml_free)> context(
        ggml_init({4096, nullptr, true}), ggml_free);
    ggml_tensor* there = ggml_new_tensor_1d(context.get(), GGML_TYPE_F32, 4);
    ggml_mul_mat(context.get(), lacks_first ? nullptr : there, lacks_first ? there : nullptr);
    return nullptr;
  };
  for (const bool lacks_first : {true, false}) {
    const std::string refusal = RefusalAfter([&] { return multiply(lacks_first); });
    CHECK(refusal.find("the file lacks a tensor") != std::string::npos);
  }
}

TEST(assertion_guard_passes_results_null_and_errors) {
  static int made = 1;
  CHECK(GuardAssertions("m.gguf", [] { return &made; }) == &made);
  CHECK(GuardAssertions("m.gguf", []() -> int* { return nullptr; }) == nullptr);
  CHECK_EQ(RefusalAfter([]() -> int* { throw Error(ErrorCode::kOutOfMemory, "m.gguf: full"); }),
           "OUT_OF_MEMORY: full");
  CHECK_EQ(RefusalAfter([]() -> int* { throw std::runtime_error("odd"); }),
           "MODEL_INVALID: llama.cpp cannot run it: odd");
}

TEST(failure_while_loading_is_out_of_memory_when_an_allocation_failed) {
  // The C++ library's error for a thread whose stack cannot be allocated.
  const auto no_thread = []() -> int* {
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  };
  CHECK(RefusalAfter(no_thread).starts_with("OUT_OF_MEMORY: not enough memory: "));
  const auto no_buffer = [] {
    OnLog(GGML_LOG_LEVEL_ERROR, "failed to allocate buffer of size 64\n");
    return AddAndCatch();
  };
  CHECK(RefusalAfter(no_buffer).starts_with("OUT_OF_MEMORY: not enough memory: ggml.c:"));
}

TEST(log_captures_nest) {
  const LogCapture outer;
  {
    const LogCapture inner;
    OnLog(GGML_LOG_LEVEL_ERROR, "first\n");
    CHECK_EQ(inner.text(), "first");
  }
  OnLog(GGML_LOG_LEVEL_ERROR, "second\n");
  CHECK_EQ(outer.text(), "first\nsecond");
}

TEST(assertion_guards_nest) {
  InstallAssertionHandler();
  const AssertionGuard outer;
  CHECK(RefusalAfter(AddUnequalVectors) != "");
  CHECK_EQ(outer.failure(), "");
  CHECK(AddAndCatch() == nullptr);
  CHECK(outer.failure().find("ggml_can_repeat") != std::string::npos);
}

}  // namespace
}  // namespace codellama::test
