#include "engine/schema/array_progress.h"

#include <algorithm>

namespace codellama {

ArrayProgress::Number ArrayProgress::Start(uint32_t array) {
  const ArrayPlan& plan = plan_.arrays[array];
  return NumberOf(array, {0, std::vector<uint64_t>(plan.counts.size(), 0),
                          LabelSet(plan.unique.size() / 64 + 1, 0)});
}

bool ArrayProgress::MayClose(uint32_t array, Number number) const {
  const ArrayPlan& plan = plan_.arrays[array];
  const Written& written = written_[number];
  if (written.items < plan.minimum) return false;
  for (size_t i = 0; i < plan.counts.size(); i++) {
    if (written.counts[i] < plan.counts[i].minimum) return false;
  }
  return true;
}

std::vector<ArrayProgress::Item> ArrayProgress::NextItems(uint32_t array, Number number) {
  const ArrayPlan& plan = plan_.arrays[array];
  const Written written = written_[number];
  std::vector<Item> items;
  if (written.items >= plan.maximum) return items;
  Written next = written;
  // Beyond this bound all positions allow the same items, so they share one progress number.
  const uint64_t bound = plan.maximum == UINT64_MAX ? plan.minimum : plan.maximum;
  next.items = std::min(written.items + 1, std::max<uint64_t>(bound, plan.items.size() - 1));
  for (uint32_t text = 0; text < plan.unique.size(); text++) {
    if (HasLabel(written.texts, text)) continue;
    Written with = next;
    AddLabel(&with.texts, text);
    items.push_back({kNoPlan, text, NumberOf(array, with)});
  }
  if (!plan.unique.empty()) return items;
  const auto& choices = plan.items[std::min<uint64_t>(written.items, plan.items.size() - 1)];
  for (uint32_t met = 0; met < choices.size(); met++) {
    Written with = next;
    if (choices[met] == kNoPlan || !Count(plan, met, written.items + 1, &with)) continue;
    items.push_back({choices[met], 0, NumberOf(array, with)});
  }
  return items;
}

bool ArrayProgress::Count(const ArrayPlan& plan, uint32_t met, uint64_t items, Written* written) {
  uint64_t missing = 0;
  for (size_t i = 0; i < plan.counts.size(); i++) {
    const auto& [minimum, maximum] = plan.counts[i];
    uint64_t& count = written->counts[i];
    if ((met >> i & 1) != 0) count++;
    if (count > maximum) return false;
    if (maximum == UINT64_MAX) count = std::min(count, minimum);
    missing = std::max(missing, minimum - std::min(minimum, count));
  }
  return plan.maximum == UINT64_MAX || items + missing <= plan.maximum;
}

ArrayProgress::Number ArrayProgress::NumberOf(uint32_t array, const Written& written) {
  const auto [place, added] =
      numbers_.try_emplace({array, written}, static_cast<Number>(written_.size()));
  if (added) written_.push_back(written);
  return place->second;
}

}  // namespace codellama
