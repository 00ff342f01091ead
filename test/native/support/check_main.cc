// engine_test            runs every case
// engine_test --list     prints their names, one a line
// engine_test NAME...    runs those
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
    for (const auto& test : check::Cases()) std::printf("%s\n", test.name.c_str());
    return 0;
  }
  size_t run = 0;
  for (const auto& test : check::Cases()) {
    if (!names.empty() && std::find(names.begin(), names.end(), test.name) == names.end()) continue;
    check::Run(test);
    run++;
  }
  if (run == 0 || run < names.size()) {
    std::printf("no such case\n");
    return 2;
  }
  return check::failures == 0 ? 0 : 1;
}
