// The number of draft tokens that pays.
#pragma once

#include <cstdint>

#include "engine/schedule/step_times.h"

namespace codellama {

struct DraftCosts {
  double step_seconds = 0;            // time of a step without drafts; 0 = not known yet
  uint32_t streams = 1;               // streams that share the step
  const StepTimes* tokens = nullptr;  // extra time of draft tokens in a step; null = no extra time
  uint32_t drafted = 0;               // draft tokens of other streams in the step
  double guess_seconds = 0;           // time to make one guess

  // Extra seconds of `length` more draft tokens. Needs a known step time.
  double Seconds(uint32_t length) const;
};

// The draft length, up to `longest`, with the highest throughput of all streams together:
//   (streams - 1 + 1 + a + a^2 + ... + a^length) / (step_seconds + costs.Seconds(length))
// `a` is the acceptance rate: the probability that a guess is right if all guesses before it are.
// Returns 0 if no draft pays.
uint32_t BestDraftLength(const DraftCosts& costs, double acceptance, uint32_t longest);

}  // namespace codellama
