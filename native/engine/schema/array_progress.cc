#include "engine/schema/array_progress.h"

namespace codellama {

ArrayProgress::Number ArrayProgress::Start(uint32_t array) {
  return NumberOf(array, WrittenArray::Empty(plan_.arrays[array]));
}

bool ArrayProgress::MayClose(uint32_t array, Number number) const {
  return written_[number].MayClose(plan_.arrays[array]);
}

std::vector<ArrayProgress::Item> ArrayProgress::NextItems(uint32_t array, Number number) {
  const ArrayPlan& plan = plan_.arrays[array];
  const WrittenArray written = written_[number];
  std::vector<Item> items;
  if (written.items >= plan.maximum) return items;
  if (!plan.unique.empty()) {
    for (uint32_t text = 0; text < plan.unique.size(); text++) {
      if (HasLabel(written.texts, text)) continue;
      WrittenArray with = written.With(plan, 0);
      AddLabel(&with.texts, text);
      items.push_back({kNoPlan, text, NumberOf(array, with)});
    }
    return items;
  }
  ArrayCompletion& completion = completions_.try_emplace(array, plan).first->second;
  const std::vector<PlanNumber>& choices = plan.items[written.PositionIn(plan)];
  for (uint32_t met = 0; met < choices.size(); met++) {
    if (choices[met] == kNoPlan) continue;
    const WrittenArray with = written.With(plan, met);
    if (completion.CanComplete(with)) items.push_back({choices[met], 0, NumberOf(array, with)});
  }
  return items;
}

size_t ArrayProgress::size() const {
  size_t size = written_.size();
  for (const auto& [_, completion] : completions_) size += completion.size();
  return size;
}

ArrayProgress::Number ArrayProgress::NumberOf(uint32_t array, const WrittenArray& written) {
  const auto [place, added] =
      numbers_.try_emplace({array, written}, static_cast<Number>(written_.size()));
  if (added) written_.push_back(written);
  return place->second;
}

}  // namespace codellama
