#include "unit_set.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace codellama {
namespace {

constexpr uint32_t kLargest = std::numeric_limits<uint32_t>::max();

}  // namespace

void UnitSet::Add(uint32_t first, uint32_t last) {
  ranges_.push_back({first, last});
  Normalise();
}

void UnitSet::Add(const UnitSet& other) {
  ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
  Normalise();
}

void UnitSet::Invert() {
  std::vector<Range> gaps;
  uint32_t next = 0;
  bool has_end = false;
  for (const Range& range : ranges_) {
    if (range.first > next) gaps.push_back({next, range.first - 1});
    has_end = range.last == kLargest;
    next = range.last + 1;
  }
  if (!has_end) gaps.push_back({next, kLargest});
  ranges_ = std::move(gaps);
  Normalise();
}

void UnitSet::Intersect(const UnitSet& other) {
  UnitSet outside = other;
  outside.Invert();
  Invert();
  Add(outside);
  Invert();
}

void UnitSet::Normalise() {
  std::sort(ranges_.begin(), ranges_.end(),
            [](const Range& left, const Range& right) { return left.first < right.first; });
  std::vector<Range> merged;
  for (const Range& range : ranges_) {
    const bool touches = !merged.empty() &&
                         (merged.back().last == kLargest || range.first <= merged.back().last + 1);
    if (touches) {
      merged.back().last = std::max(merged.back().last, range.last);
    } else {
      merged.push_back(range);
    }
  }
  ranges_ = std::move(merged);
  for (uint32_t unit = 0; unit < kSmall; ++unit) small_[unit] = ContainsLarge(unit);
}

bool UnitSet::ContainsLarge(uint32_t unit) const {
  const auto after =
      std::upper_bound(ranges_.begin(), ranges_.end(), unit,
                       [](uint32_t value, const Range& range) { return value < range.first; });
  return after != ranges_.begin() && unit <= (after - 1)->last;
}

}  // namespace codellama
