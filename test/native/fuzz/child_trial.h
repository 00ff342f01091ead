// Runs a trial in a child process, so that its death is an answer.
#pragma once

#include <string>

#include "fuzz/gguf_trial.h"

namespace codellama::test {

struct Ending {
  bool is_death = false;
  int number = 0;  // the signal, or the exit code: a TrialOutcome
  std::string last_line;

  bool Is(TrialOutcome outcome) const { return !is_death && number == static_cast<int>(outcome); }
};

// What the child prints goes to the file `log`.
Ending TryInChild(const std::string& path, const TrialOptions& options, const std::string& log);

}  // namespace codellama::test
