// Runs a trial in a child process and reports how it ended.
#pragma once

#include <string>

#include "fuzz/gguf_trial.h"

namespace codellama::test {

struct Ending {
  bool is_death = false;
  int number = 0;  // the signal, or the exit code, which is a TrialOutcome
  std::string last_line;

  bool Is(TrialOutcome outcome) const { return !is_death && number == static_cast<int>(outcome); }
};

// The output of the child goes to the file `log`.
Ending TryInChild(const std::string& path, const TrialOptions& options, const std::string& log);

}  // namespace codellama::test
