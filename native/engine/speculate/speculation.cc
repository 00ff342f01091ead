#include "engine/speculate/speculation.h"

#include <algorithm>
#include <vector>

namespace codellama {

DraftCosts Speculation::CostsOf(const Requests& requests, const PrefillPacer& pacer) const {
  if (!adaptive_) return {.step_seconds = 1};
  DraftCosts costs;
  costs.streams =
      static_cast<uint32_t>(std::count_if(requests.begin(), requests.end(), [](const auto& each) {
        return each.second->sequence()->Decoding() && !each.second->sequence()->paused;
      }));
  costs.step_seconds = pacer.stream_steps().Seconds(costs.streams);
  costs.tokens = &pacer.prompt_tokens();
  return costs;
}

void Speculation::Draft(const Requests& requests, const PrefillPacer& pacer) {
  if (max_draft_ == 0) return;
  DraftCosts costs = CostsOf(requests, pacer);
  for (const auto& [_, request] : requests) {
    request->Draft(costs, max_draft_);
    costs.drafted += static_cast<uint32_t>(request->sequence()->draft.size());
  }

  if (!model_) return;
  if (adaptive_) costs.guess_seconds = model_->seconds_per_token();
  std::vector<DraftWish> wishes;
  for (const auto& [_, request] : requests) {
    const uint32_t length = request->DraftLengthOfModel(costs, max_draft_);
    if (length > 0) wishes.push_back({request->sequence(), length});
    costs.drafted += length;
  }
  if (!wishes.empty()) model_->Draft(wishes);
}

}  // namespace codellama
