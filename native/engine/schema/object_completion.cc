#include "engine/schema/object_completion.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace codellama {

namespace {

uint64_t SizeOf(const LabelSet& set) {
  uint64_t size = 0;
  for (const uint64_t word : set) size += static_cast<uint64_t>(std::popcount(word));
  return size;
}

uint32_t AllWitnesses(const ObjectPlan& plan) { return (1U << plan.witnesses) - 1; }

}  // namespace

WrittenObject WrittenObject::Empty(const ObjectPlan& plan) {
  WrittenObject empty;
  empty.labels.assign(plan.usable.size(), 0);
  empty.passed = empty.labels;
  return empty;
}

WrittenObject WrittenObject::With(const ObjectPlan& plan, uint32_t label, uint32_t more) const {
  WrittenObject with = *this;
  // A second name of the same group may repeat the first one, so it does not count as new.
  const bool is_new = label < plan.named || !HasLabel(labels, label);
  if (label < plan.named || plan.minimum > 0) AddLabel(&with.labels, label);
  for (size_t word = 0; word < passed.size() && !plan.before.empty(); word++) {
    with.passed[word] |= plan.before[label][word] & ~with.labels[word];
  }
  if (plan.maximum != UINT64_MAX) with.count++;
  if (is_new) with.distinct = std::min(distinct + 1, plan.minimum);
  with.met |= more;
  return with;
}

bool WrittenObject::MayContinueWith(const ObjectPlan& plan, uint32_t label) const {
  const bool is_repeated = label < plan.named && HasLabel(labels, label);
  return HasLabel(plan.usable, label) && !is_repeated && !HasLabel(passed, label);
}

bool WrittenObject::MayClose(const ObjectPlan& plan) const {
  if (distinct < plan.minimum || met != AllWitnesses(plan)) return false;
  LabelSet names = Union(plan.required, labels);
  AddImplied(plan, &names);
  return names == labels;
}

LabelSet ObjectCompletion::MissingNames(const WrittenObject& written) const {
  LabelSet missing = Union(plan_.required, written.labels);
  AddImplied(plan_, &missing);
  for (size_t word = 0; word < missing.size(); word++) missing[word] &= ~written.labels[word];
  return missing;
}

bool ObjectCompletion::AreAvailable(const LabelSet& names, const WrittenObject& written) const {
  for (size_t word = 0; word < names.size(); word++) {
    if ((names[word] & (~plan_.usable[word] | written.passed[word])) != 0) return false;
  }
  return true;
}

uint64_t ObjectCompletion::CountAvailable(const WrittenObject& written) const {
  LabelSet available = plan_.usable;
  for (size_t word = 0; word < available.size(); word++) {
    available[word] &= ~written.labels[word] & ~written.passed[word];
  }
  if (plan_.implied.empty()) return SizeOf(available);
  uint64_t count = 0;
  for (uint32_t label = 0; label < plan_.keys.labels; label++) {
    if (!HasLabel(available, label)) continue;
    LabelSet names(available.size(), 0);
    AddLabel(&names, label);
    AddImplied(plan_, &names);
    for (size_t word = 0; word < names.size(); word++) names[word] &= ~written.labels[word];
    if (AreAvailable(names, written)) count++;
  }
  return count;
}

std::optional<bool> ObjectCompletion::Decide(const WrittenObject& written) const {
  const LabelSet missing = MissingNames(written);
  if (!AreAvailable(missing, written)) return false;
  const uint64_t needed = SizeOf(missing);
  const uint64_t too_few = plan_.minimum - std::min(written.distinct, plan_.minimum);
  const bool bounded = plan_.maximum != UINT64_MAX;
  if (bounded && written.count + std::max(needed, too_few) > plan_.maximum) return false;
  if (too_few > needed && CountAvailable(written) < too_few) return false;
  if (written.met != AllWitnesses(plan_)) return std::nullopt;
  // An implication may need more properties than the maximum leaves, so only a search can tell.
  return bounded && !plan_.implied.empty() && too_few > needed ? std::nullopt : std::optional(true);
}

std::vector<WrittenObject> ObjectCompletion::Continuations(const WrittenObject& written) const {
  const uint32_t absent = AllWitnesses(plan_) & ~written.met;
  std::vector<std::pair<uint32_t, uint32_t>> properties;  // label, witnesses
  const auto add = [&](uint32_t label, uint32_t wanted) {
    if (!written.MayContinueWith(plan_, label)) return;
    for (uint32_t met = 0; met <= AllWitnesses(plan_); met++) {
      const bool possible = (plan_.possible[label] >> met & 1) != 0;
      if (possible && (met & wanted) == wanted) properties.emplace_back(label, met);
    }
  };
  // Without a fixed order, a property that must come at some time can as well come now: a missing
  // name, or else the first missing witness.
  const bool any_order = plan_.before.empty();
  const LabelSet missing = MissingNames(written);
  for (uint32_t label = 0; label < plan_.named && any_order && properties.empty(); label++) {
    if (HasLabel(missing, label)) add(label, 0);
  }
  if (properties.empty()) {
    const uint32_t wanted = any_order ? absent & (~absent + 1) : 0;
    for (uint32_t label = 0; label < plan_.keys.labels; label++) add(label, wanted);
  }
  std::stable_sort(properties.begin(), properties.end(), [&](const auto& one, const auto& other) {
    return std::popcount(one.second & absent) > std::popcount(other.second & absent);
  });
  std::vector<WrittenObject> continuations;
  for (const auto& [label, met] : properties) {
    continuations.push_back(written.With(plan_, label, met));
  }
  return continuations;
}

}  // namespace codellama
