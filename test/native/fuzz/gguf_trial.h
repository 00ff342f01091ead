// Uses a model file like the library: checks, loads, tokenizes, decodes, samples.
#pragma once

#include <string>

namespace codellama::test {

enum class TrialOutcome {
  kRefused = 10,  // by our checks
  kNotLoaded,     // llama.cpp refused the model
  kNoContext,     // llama.cpp could not create the context
  kThrew,         // llama.cpp threw an exception
  kRan,
  kGeneratesNothing,  // an encoder or a diffusion model
  kAsserted,          // an assertion of llama.cpp that AssertionGuard turned into an error
};

struct TrialOptions {
  bool use_mmap = true;
  bool vocabulary_only = false;
  std::string adapter;     // a LoRA file to apply; "" = no adapter
  bool has_checks = true;  // false = llama.cpp gets every file
};

// Run this in a child process: llama.cpp may end the process.
TrialOutcome RunTrial(const std::string& path, const TrialOptions& options);

}  // namespace codellama::test
