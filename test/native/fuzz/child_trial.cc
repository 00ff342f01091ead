#include "fuzz/child_trial.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace codellama::test {
namespace {

constexpr rlim_t kMemoryBytes = rlim_t{4} << 30;
constexpr unsigned kSeconds = 60;
// Sanitizers reserve terabytes of address space.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLimitsMemory = false;
#else
constexpr bool kLimitsMemory = true;
#endif

// The line of the log with the reason: an assertion of ggml, or the last line.
std::string TellingLine(const std::string& path) {
  std::ifstream lines(path);
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("GGML_ASSERT") != std::string::npos || line.find("fatal") != std::string::npos) {
      return line.substr(line.rfind('/') + 1);
    }
    if (!line.empty()) last = line;
  }
  return last;
}

}  // namespace

Ending TryInChild(const std::string& path, const TrialOptions& options, const std::string& log) {
  std::fflush(nullptr);  // or the child would write the buffer again
  const pid_t child = fork();
  if (child == 0) {
    const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(file, STDERR_FILENO);
    dup2(file, STDOUT_FILENO);
    const rlimit memory{kMemoryBytes, kMemoryBytes};
    const rlimit no_core{0, 0};
    if (kLimitsMemory) setrlimit(RLIMIT_AS, &memory);
    setrlimit(RLIMIT_CORE, &no_core);
    alarm(kSeconds);
    _exit(static_cast<int>(RunTrial(path, options)));
  }
  int status = 0;
  waitpid(child, &status, 0);
  const bool is_death = WIFSIGNALED(status) || WEXITSTATUS(status) < 10;
  return {is_death, WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), TellingLine(log)};
}

}  // namespace codellama::test
