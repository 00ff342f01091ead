// How many prompt tokens a step may compute beside streams, so that no stream is held up for long:
// measured, for it differs a hundredfold between models and machines.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace codellama {

class PrefillPacer {
 public:
  // A step computed so many tokens of prompts, or of drafts, and of streams.
  void OnStep(uint32_t prompt_tokens, uint32_t stream_tokens, double seconds);

  // Of streams alone, and of each token more in a step; 0 while unknown.
  double MedianStreamStep() const;
  double SecondsPerPromptToken() const { return seconds_per_prompt_token_; }

  // Prompt tokens of the next step, if it carries streams too.
  uint32_t Chunk() const;

 private:
  static constexpr size_t kStepsRemembered = 31;

  std::array<double, kStepsRemembered> stream_steps_ = {};  // seconds; a ring
  size_t stream_steps_seen_ = 0;
  double seconds_per_prompt_token_ = 0;
};

}  // namespace codellama
