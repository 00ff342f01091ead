#include "engine/schema/object_progress.h"

namespace codellama {

ObjectProgress::Number ObjectProgress::Start(uint32_t object) {
  return NumberOf(object, WrittenObject::Empty(plan_.objects[object]));
}

bool ObjectProgress::HasNext(uint32_t object, Number number) const {
  return Intersects(plan_.objects[object].keys.reachable_from[0], FactsOf(number).next);
}

std::vector<ObjectProgress::Member> ObjectProgress::Members(uint32_t object, Number number,
                                                            uint32_t label) {
  const ObjectPlan& plan = plan_.objects[object];
  const std::vector<PlanNumber>& values = plan.values[label];
  std::vector<Member> members;
  for (uint32_t met = 0; met < values.size(); met++) {
    if (values[met] == kNoPlan) continue;
    const WrittenObject after = written_[number].first.With(plan, label, met);
    if (CanComplete(object, after)) members.push_back({values[met], NumberOf(object, after)});
  }
  return members;
}

size_t ObjectProgress::size() const {
  size_t size = written_.size();
  for (const auto& [_, completion] : completions_) size += completion.size();
  return size;
}

ObjectProgress::Number ObjectProgress::NumberOf(uint32_t object, const WrittenObject& written) {
  const auto [place, added] =
      numbers_.try_emplace({object, written}, static_cast<Number>(written_.size()));
  if (added) written_.emplace_back(written, MakeFacts(object, written));
  return place->second;
}

bool ObjectProgress::CanComplete(uint32_t object, const WrittenObject& written) {
  const ObjectPlan& plan = plan_.objects[object];
  return plan.is_simple ||
         completions_.try_emplace(object, plan).first->second.CanComplete(written);
}

ObjectProgress::Facts ObjectProgress::MakeFacts(uint32_t object, const WrittenObject& written) {
  const ObjectPlan& plan = plan_.objects[object];
  Facts facts;
  facts.may_close = written.MayClose(plan);
  facts.next.assign(plan.usable.size(), 0);
  if (plan.is_simple) {
    for (size_t word = 0; word < facts.next.size(); word++) {
      facts.next[word] = plan.usable[word] & ~(written.labels[word] & plan.names[word]);
    }
    return facts;
  }
  for (uint32_t label = 0; label < plan.keys.labels; label++) {
    if (!written.MayContinueWith(plan, label)) continue;
    for (uint32_t met = 0; met < plan.values[label].size(); met++) {
      if (plan.values[label][met] == kNoPlan) continue;
      if (!CanComplete(object, written.With(plan, label, met))) continue;
      AddLabel(&facts.next, label);
      break;
    }
  }
  return facts;
}

}  // namespace codellama
