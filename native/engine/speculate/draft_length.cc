#include "engine/speculate/draft_length.h"

namespace codellama {

double DraftCosts::Seconds(uint32_t length) const {
  const double guessing = length * guess_seconds;
  if (tokens == nullptr) return guessing;
  return guessing + tokens->Seconds(drafted + length) - tokens->Seconds(drafted);
}

uint32_t BestDraftLength(const DraftCosts& costs, double acceptance, uint32_t longest) {
  if (costs.step_seconds == 0 || (costs.tokens != nullptr && !costs.tokens->known())) return 0;
  double tokens = costs.streams;
  double best = tokens / costs.step_seconds;
  double likely = 1;
  uint32_t best_length = 0;
  for (uint32_t length = 1; length <= longest; length++) {
    likely *= acceptance;
    tokens += likely;
    const double seconds = costs.step_seconds + costs.Seconds(length);
    if (tokens / seconds <= best) continue;
    best = tokens / seconds;
    best_length = length;
  }
  return best_length;
}

}  // namespace codellama
