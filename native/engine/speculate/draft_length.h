// How many guessed tokens are worth computing.
#pragma once

#include <cstdint>

#include "engine/schedule/step_times.h"

namespace codellama {

struct DraftCosts {
  double step_seconds = 0;            // a step of streams alone; 0 is not known yet
  uint32_t streams = 1;               // that share the step
  const StepTimes* tokens = nullptr;  // of tokens beside them; null is nothing at all
  uint32_t drafted = 0;               // tokens of other streams' drafts in it
  double guess_seconds = 0;           // to come by one guess

  // What so many tokens more cost. Only with a known step.
  double Seconds(uint32_t length) const;
};

// The length, up to `longest`, with which all streams together make the most tokens a second:
//   (streams - 1 + 1 + a + a^2 + ... + a^length) / (step_seconds + what `length` tokens take)
// where each guess is right with probability a = `acceptance` if those before it are. 0 where no
// draft pays.
uint32_t BestDraftLength(const DraftCosts& costs, double acceptance, uint32_t longest);

}  // namespace codellama
