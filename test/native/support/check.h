// A small test framework. TEST registers a case; CHECK* record failures and go on. check_main.cc
// runs cases by name, so vitest shows each case as a test.
#pragma once

#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace check {

// Returns null when this machine can run a case, or what it lacks, such as "no AMX".
using Requirement = const char* (*)();

struct Case {
  std::string name;
  std::function<void()> body;
  Requirement missing = nullptr;  // null = the case runs everywhere

  // What this machine lacks to run the case; null = it can run.
  const char* Missing() const { return missing == nullptr ? nullptr : missing(); }
};

std::vector<Case>& Cases();
void Fail(const char* file, int line, const std::string& message);

struct Register {
  Register(const char* name, std::function<void()> body, Requirement missing = nullptr) {
    Cases().push_back({name, std::move(body), missing});
  }
};

template <typename Value>
std::string Show(const Value& value) {
  std::ostringstream out;
  if constexpr (requires { out << value; }) {
    out << value;
  } else if constexpr (requires { value.begin(); }) {
    out << '[';
    for (const auto& item : value) out << Show(item) << ' ';
    out << ']';
  } else {
    out << "(value)";
  }
  return out.str();
}

template <typename Left, typename Right>
void Equal(const char* file, int line, const char* what, const Left& left, const Right& right) {
  if (left == right) return;
  Fail(file, line, std::string(what) + ": got " + Show(left) + ", want " + Show(right));
}

}  // namespace check

#define TEST(name)                                            \
  static void Test_##name();                                  \
  static check::Register register_##name(#name, Test_##name); \
  static void Test_##name()

// A case for machines where `requirement` returns null. Elsewhere it is reported as skipped.
#define TEST_REQUIRING(requirement, name)                                  \
  static void Test_##name();                                               \
  static check::Register register_##name(#name, Test_##name, requirement); \
  static void Test_##name()

#define CHECK(condition)                                           \
  do {                                                             \
    if (!(condition)) check::Fail(__FILE__, __LINE__, #condition); \
  } while (false)

#define CHECK_EQ(left, right) check::Equal(__FILE__, __LINE__, #left " == " #right, (left), (right))

#define CHECK_THROWS_CODE(expression, expected)                                             \
  do {                                                                                      \
    try {                                                                                   \
      (void)(expression);                                                                   \
      check::Fail(__FILE__, __LINE__, #expression " did not throw");                        \
    } catch (const codellama::Error& error) {                                               \
      if (error.code() != (expected)) {                                                     \
        check::Fail(__FILE__, __LINE__, std::string(#expression " threw ") + error.what()); \
      }                                                                                     \
    }                                                                                       \
  } while (false)
