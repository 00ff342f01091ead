#include "draft_length.h"

namespace codellama {

uint32_t BestDraftLength(const DraftCosts& costs, double acceptance, uint32_t longest) {
  if (costs.step_seconds == 0 || costs.row_seconds == 0) return 0;
  double tokens = costs.streams;
  double seconds = costs.step_seconds;
  double best = tokens / seconds;
  double likely = 1;
  uint32_t best_length = 0;
  for (uint32_t length = 1; length <= longest; length++) {
    likely *= acceptance;
    tokens += likely;
    seconds += costs.row_seconds;
    if (tokens / seconds <= best) continue;
    best = tokens / seconds;
    best_length = length;
  }
  return best_length;
}

}  // namespace codellama
