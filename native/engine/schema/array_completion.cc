#include "engine/schema/array_completion.h"

#include <algorithm>
#include <bit>

namespace codellama {

WrittenArray WrittenArray::Empty(const ArrayPlan& plan) {
  return {0, std::vector<uint64_t>(plan.counts.size(), 0),
          LabelSet(plan.unique.size() / 64 + 1, 0)};
}

size_t WrittenArray::PositionIn(const ArrayPlan& plan) const {
  return std::min<uint64_t>(items, plan.items.size() - 1);
}

WrittenArray WrittenArray::With(const ArrayPlan& plan, uint32_t met) const {
  WrittenArray with = *this;
  // Beyond this bound all positions allow the same items, so they share one progress number.
  const uint64_t bound = plan.maximum == UINT64_MAX ? plan.minimum : plan.maximum;
  with.items = std::min(items + 1, std::max<uint64_t>(bound, plan.items.size() - 1));
  for (size_t i = 0; i < counts.size(); i++) {
    const auto& [minimum, maximum] = plan.counts[i];
    if ((met >> i & 1) != 0) with.counts[i]++;
    if (maximum == UINT64_MAX) with.counts[i] = std::min(with.counts[i], minimum);
  }
  return with;
}

bool WrittenArray::MayClose(const ArrayPlan& plan) const {
  if (items < plan.minimum) return false;
  for (size_t i = 0; i < counts.size(); i++) {
    if (counts[i] < plan.counts[i].minimum) return false;
  }
  return true;
}

std::optional<bool> ArrayCompletion::Decide(const WrittenArray& written) const {
  uint64_t missing = plan_.minimum - std::min(written.items, plan_.minimum);
  for (size_t i = 0; i < plan_.counts.size(); i++) {
    const auto& [minimum, maximum] = plan_.counts[i];
    if (written.counts[i] > maximum) return false;
    missing = std::max(missing, minimum - std::min(minimum, written.counts[i]));
  }
  const bool bounded = plan_.maximum != UINT64_MAX;
  if (bounded && missing > plan_.maximum - std::min(written.items, plan_.maximum)) return false;
  if (written.MayClose(plan_)) return true;
  if (!plan_.counts.empty()) return std::nullopt;
  for (size_t i = written.PositionIn(plan_); i < plan_.possible.size(); i++) {
    if (i < plan_.minimum && plan_.possible[i] == 0) return false;
  }
  return true;
}

std::vector<WrittenArray> ArrayCompletion::Continuations(const WrittenArray& written) const {
  if (written.items >= plan_.maximum) return {};
  uint32_t needed = 0;
  for (size_t i = 0; i < plan_.counts.size(); i++) {
    if (written.counts[i] < plan_.counts[i].minimum) needed |= 1U << i;
  }
  std::vector<uint32_t> choices;
  for (uint32_t met = 0; met < 1U << plan_.counts.size(); met++) {
    if ((plan_.possible[written.PositionIn(plan_)] >> met & 1) != 0) choices.push_back(met);
  }
  std::stable_sort(choices.begin(), choices.end(), [&](uint32_t one, uint32_t other) {
    return std::popcount(one & needed) > std::popcount(other & needed);
  });
  std::vector<WrittenArray> continuations;
  for (const uint32_t met : choices) continuations.push_back(written.With(plan_, met));
  return continuations;
}

}  // namespace codellama
