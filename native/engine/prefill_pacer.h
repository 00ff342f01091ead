// How many prompt tokens a step may compute beside streams, so that no stream is held up for long:
// measured, for it differs a hundredfold between models and machines.
#pragma once

#include <cstdint>

#include "step_times.h"

namespace codellama {

class PrefillPacer {
 public:
  // A step computed so many tokens of prompts, or of drafts, and of streams.
  void OnStep(uint32_t prompt_tokens, uint32_t stream_tokens, double seconds);

  // Of steps with streams alone, by how many there are.
  const StepTimes& stream_steps() const { return stream_steps_; }

  // Of prompt tokens or drafts beside them, by how many there are.
  const StepTimes& prompt_tokens() const { return prompt_tokens_; }

  // Prompt tokens of the next step, if it carries streams too, of which there are so many, while so
  // many prompts wait to be computed.
  uint32_t Chunk(uint32_t streams, uint32_t prompts) const;

  // Prompt tokens that are worth computing in one step although a cancel would lose them.
  uint32_t LosableChunk() const;

 private:
  StepTimes stream_steps_;
  StepTimes prompt_tokens_;
};

}  // namespace codellama
