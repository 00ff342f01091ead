#include "speculation.h"

#include <algorithm>
#include <vector>

namespace codellama {

void Speculation::Draft(const Requests& requests, const PrefillPacer& pacer) {
  if (max_draft_ == 0) return;
  DraftCosts costs;
  costs.step_seconds = pacer.MedianStreamStep();
  costs.row_seconds = pacer.SecondsPerPromptToken();
  costs.streams =
      static_cast<uint32_t>(std::count_if(requests.begin(), requests.end(), [](const auto& each) {
        return each.second->sequence()->Decoding() && !each.second->sequence()->paused;
      }));
  if (!adaptive_) costs = kFreeDrafts;
  for (const auto& [_, request] : requests) request->Draft(costs, max_draft_);

  if (!model_) return;
  if (adaptive_) costs.row_seconds += model_->seconds_per_token();
  std::vector<DraftWish> wishes;
  for (const auto& [_, request] : requests) {
    const uint32_t length = request->DraftLengthOfModel(costs, max_draft_);
    if (length > 0) wishes.push_back({request->sequence(), length});
  }
  if (!wishes.empty()) model_->Draft(wishes);
}

}  // namespace codellama
