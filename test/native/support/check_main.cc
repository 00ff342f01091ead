// engine_test            runs all cases
// engine_test --list     prints the name of each case on a line; a tab and what is missing follow
//                        the name of a case that this machine cannot run
// engine_test NAME...    runs the named cases
// Exit code: 0 = no failure, 1 = a check failed, 2 = unknown name.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>

#include "support/check.h"

namespace check {

static int failures = 0;

std::vector<Case>& Cases() {
  static std::vector<Case> cases;
  return cases;
}

void Fail(const char* file, int line, const std::string& message) {
  failures++;
  std::printf("%s:%d: %s\n", file, line, message.c_str());
}

static void Run(const Case& test) {
  if (const char* missing = test.Missing()) {
    std::printf("%s: skipped: %s\n", test.name.c_str(), missing);
    return;
  }
  try {
    test.body();
  } catch (const std::exception& error) {
    Fail(test.name.c_str(), 0, std::string("threw ") + error.what());
  }
}

}  // namespace check

int main(int argc, char** argv) {
  const std::vector<std::string> names(argv + 1, argv + argc);
  if (names == std::vector<std::string>{"--list"}) {
    for (const auto& test : check::Cases()) {
      const char* missing = test.Missing();
      std::printf("%s%s%s\n", test.name.c_str(), missing ? "\t" : "", missing ? missing : "");
    }
    return 0;
  }
  size_t run = 0;
  for (const auto& test : check::Cases()) {
    if (!names.empty() && std::find(names.begin(), names.end(), test.name) == names.end()) continue;
    check::Run(test);
    run++;
  }
  if (run == 0 || run < names.size()) {
    std::printf("unknown case name: see engine_test --list\n");
    return 2;
  }
  return check::failures == 0 ? 0 : 1;
}
