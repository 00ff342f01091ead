// Does with a file what the library does with it: check, load, tokenize, decode, sample.
#pragma once

#include <string>

namespace codellama::test {

enum class TrialOutcome {
  kRefused = 10,  // by our checks
  kNotLoaded,     // llama.cpp said no
  kNoContext,     // llama.cpp said no when the context was made
  kThrew,         // llama.cpp threw an exception out of one of its functions
  kRan,
  kGeneratesNothing,  // an encoder or a diffusion model
  kAsserted,          // an assertion of llama.cpp that AssertionGuard turned into an error
};

struct TrialOptions {
  bool use_mmap = true;
  bool vocabulary_only = false;
  std::string adapter;     // a LoRA file to put on top, "" for none
  bool has_checks = true;  // without them llama.cpp gets every file
};

// Never returns normally where llama.cpp ends the process: run it in a child process.
TrialOutcome RunTrial(const std::string& path, const TrialOptions& options);

}  // namespace codellama::test
