// Prompt-token budget for a step that also carries decoding streams, so that a long prompt delays
// no stream for long. It follows measured step times, which differ a hundredfold between models and
// machines.
#pragma once

#include <cstdint>

#include "engine/schedule/step_times.h"

namespace codellama {

class PrefillPacer {
 public:
  // Records a step with `prompt_tokens` prompt or draft tokens and `stream_tokens` decoded tokens.
  void OnStep(uint32_t prompt_tokens, uint32_t stream_tokens, double seconds);

  // Times of steps without prompt tokens, by the number of streams.
  const StepTimes& stream_steps() const { return stream_steps_; }

  // Extra time of prompt or draft tokens in a step, by their number.
  const StepTimes& prompt_tokens() const { return prompt_tokens_; }

  // Prompt-token budget for a step with `streams` decoding sequences while `prompts` prompts wait.
  uint32_t Chunk(uint32_t streams, uint32_t prompts) const;

  // Prompt-token budget of one sequence in one step, because a cancelled step loses its tokens.
  uint32_t LosableChunk() const;

 private:
  StepTimes stream_steps_;
  StepTimes prompt_tokens_;
};

}  // namespace codellama
