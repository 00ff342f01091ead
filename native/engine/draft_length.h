// How many guessed tokens are worth computing.
#pragma once

#include <cstdint>

namespace codellama {

struct DraftCosts {
  double step_seconds = 0;  // a step of streams alone; 0 is not known yet
  double row_seconds = 0;   // each token more in it; 0 is not known yet
  uint32_t streams = 1;     // that share the step
};

// Where any guess is worth it.
inline constexpr DraftCosts kFreeDrafts = {1, 1e-12, 1};

// The length, up to `longest`, with which all streams together make the most tokens a second:
//   (streams - 1 + 1 + a + a^2 + ... + a^length) / (step_seconds + length * row_seconds)
// where each guess is right with probability a = `acceptance` if those before it are. 0 where no
// draft pays.
uint32_t BestDraftLength(const DraftCosts& costs, double acceptance, uint32_t longest);

}  // namespace codellama
