#include "engine/schema/object_progress.h"

#include <algorithm>
#include <bit>

namespace codellama {

namespace {

LabelSet Both(LabelSet left, const LabelSet& right) {
  for (size_t word = 0; word < left.size(); word++) left[word] |= right[word];
  return left;
}

}  // namespace

ObjectProgress::Number ObjectProgress::Start(uint32_t object) {
  Written start;
  start.labels.assign(plan_.objects[object].usable.size(), 0);
  start.passed = start.labels;
  return NumberOf(object, start);
}

bool ObjectProgress::HasNext(uint32_t object, Number number) const {
  return Intersects(plan_.objects[object].keys.reachable_from[0], FactsOf(number).next);
}

std::vector<ObjectProgress::Member> ObjectProgress::Members(uint32_t object, Number number,
                                                            uint32_t label) {
  const ObjectPlan& plan = plan_.objects[object];
  const Written after = With(plan, written_[number].first, label);
  const std::vector<PlanNumber>& values = plan.values[label];
  std::vector<Member> members;
  for (uint32_t met = 0; met < values.size(); met++) {
    if (values[met] == kNoPlan) continue;
    Written with = after;
    with.met |= met;
    const Number next = NumberOf(object, with);
    if (!FactsOf(next).dead) members.push_back({values[met], next});
  }
  return members;
}

ObjectProgress::Number ObjectProgress::NumberOf(uint32_t object, const Written& written) {
  const auto [place, added] =
      numbers_.try_emplace({object, written}, static_cast<Number>(written_.size()));
  if (added) written_.emplace_back(written, MakeFacts(plan_.objects[object], written));
  return place->second;
}

ObjectProgress::Written ObjectProgress::With(const ObjectPlan& plan, Written written,
                                             uint32_t label) {
  // A second name of the same group may repeat the first one, so it does not count as new.
  const bool is_new = label < plan.named || !HasLabel(written.labels, label);
  if (label < plan.named || plan.minimum > 0) AddLabel(&written.labels, label);
  for (size_t word = 0; word < written.passed.size() && !plan.before.empty(); word++) {
    written.passed[word] |= plan.before[label][word] & ~written.labels[word];
  }
  if (plan.maximum != UINT64_MAX) written.count++;
  if (is_new) written.distinct = std::min(written.distinct + 1, plan.minimum);
  return written;
}

bool ObjectProgress::MayCome(const ObjectPlan& plan, const Written& written, uint32_t label) {
  if (!HasLabel(plan.usable, label)) return false;
  if (label < plan.named && HasLabel(written.labels, label)) return false;
  if (HasLabel(written.passed, label)) return false;
  const Written after = With(plan, written, label);
  LabelSet required = Both(plan.required, after.labels);
  AddImplied(plan, &required);
  uint64_t missing = 0;
  for (size_t word = 0; word < required.size(); word++) {
    const uint64_t absent = required[word] & ~after.labels[word];
    if ((absent & (~plan.usable[word] | after.passed[word])) != 0) return false;
    missing += static_cast<uint64_t>(std::popcount(absent));
  }
  const uint64_t too_few = plan.minimum - std::min(after.distinct, plan.minimum);
  return plan.maximum == UINT64_MAX || after.count + std::max(missing, too_few) <= plan.maximum;
}

uint32_t ObjectProgress::MayMeet(const ObjectPlan& plan, uint32_t label) {
  uint32_t met = 0;
  for (uint32_t each = 0; each < plan.values[label].size(); each++) {
    if (plan.values[label][each] != kNoPlan) met |= each;
  }
  return met;
}

uint32_t ObjectProgress::MayMeet(const ObjectPlan& plan, const LabelSet& labels,
                                 uint32_t just_written) {
  uint32_t met = 0;
  for (uint32_t label = 0; label < plan.keys.labels; label++) {
    const bool used_up = label == just_written && label < plan.named;
    if (HasLabel(labels, label) && !used_up) met |= MayMeet(plan, label);
  }
  return met;
}

ObjectProgress::Facts ObjectProgress::MakeFacts(const ObjectPlan& plan,
                                                const Written& written) const {
  Facts facts;
  LabelSet required = Both(plan.required, written.labels);
  if (!plan.is_simple) AddImplied(plan, &required);
  const uint32_t all = (1U << plan.witnesses) - 1;
  facts.may_close =
      required == written.labels && written.distinct >= plan.minimum && written.met == all;
  facts.next.assign(plan.usable.size(), 0);
  if (plan.is_simple) {
    for (size_t word = 0; word < facts.next.size(); word++) {
      facts.next[word] = plan.usable[word] & ~(written.labels[word] & plan.names[word]);
    }
    return facts;
  }
  for (uint32_t label = 0; label < plan.keys.labels; label++) {
    if (MayCome(plan, written, label)) AddLabel(&facts.next, label);
  }
  if (written.met == all) return facts;
  facts.dead = (written.met | MayMeet(plan, facts.next, UINT32_MAX)) != all;
  // Excludes each property after which a missing witness could not be written any more.
  const LabelSet candidates = facts.next;
  for (uint32_t label = 0; label < plan.keys.labels; label++) {
    if (!HasLabel(candidates, label)) continue;
    const uint32_t met = written.met | MayMeet(plan, label) | MayMeet(plan, candidates, label);
    if (met != all) facts.next[label / 64] &= ~(uint64_t{1} << (label % 64));
  }
  return facts;
}

}  // namespace codellama
