#include "engine/speculate/speculation.h"

#include <algorithm>

namespace codellama {

DraftCosts Speculation::CostsOf(const std::vector<DraftTarget>& targets,
                                const PrefillPacer& pacer) const {
  if (!adaptive_) return {.step_seconds = 1};
  DraftCosts costs;
  costs.streams =
      static_cast<uint32_t>(std::count_if(targets.begin(), targets.end(), [](const auto& each) {
        return each.sequence->Decoding() && !each.sequence->paused;
      }));
  costs.step_seconds = pacer.stream_steps().Seconds(costs.streams);
  costs.tokens = &pacer.prompt_tokens();
  return costs;
}

void Speculation::Draft(const std::vector<DraftTarget>& targets, const PrefillPacer& pacer) {
  for (const DraftTarget& target : targets) {
    const auto forced = target.forced.first(std::min<size_t>(target.longest, target.forced.size()));
    target.sequence->draft.assign(forced.begin(), forced.end());
  }
  if (max_draft_ == 0) return;
  DraftCosts costs = CostsOf(targets, pacer);
  for (const DraftTarget& target : targets) {
    if (target.longest == 0 || !target.sequence->draft.empty()) continue;
    target.drafter->LookUp(target.sequence, costs, std::min(target.longest, max_draft_));
    costs.drafted += static_cast<uint32_t>(target.sequence->draft.size());
  }

  if (!model_) return;
  if (adaptive_) costs.guess_seconds = model_->seconds_per_token();
  std::vector<DraftWish> wishes;
  for (const DraftTarget& target : targets) {
    if (target.longest == 0 || !target.sequence->draft.empty()) continue;
    const uint32_t length =
        target.drafter->ModelDraftLength(costs, std::min(target.longest, max_draft_));
    if (length > 0) wishes.push_back({target.sequence, length});
    costs.drafted += length;
  }
  if (!wishes.empty()) model_->Draft(wishes);
}

}  // namespace codellama
