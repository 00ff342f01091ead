#include "engine/regex/case_folding.h"

#include <algorithm>
#include <utility>

#include "engine/regex/compile_work.h"

namespace codellama {

namespace {

// The code points first, first + stride, …, last fold to the code point at the distance `delta`.
struct FoldRange {
  uint32_t first, last, stride;
  int32_t delta;
};

constexpr FoldRange kFoldRanges[] = {
#include "engine/regex/case_folding_table.inc"
};

using Pair = std::pair<uint32_t, uint32_t>;

std::vector<Pair> MakePairs(bool inverse) {
  std::vector<Pair> pairs;
  for (const FoldRange& range : kFoldRanges) {
    for (uint32_t point = range.first; point <= range.last; point += range.stride) {
      const auto folded = static_cast<uint32_t>(static_cast<int32_t>(point) + range.delta);
      pairs.push_back(inverse ? Pair{folded, point} : Pair{point, folded});
    }
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

// Adds the partner of each member of `set`.
PointSet WithPartners(const PointSet& set, const std::vector<Pair>& pairs) {
  PointSet all = set;
  for (const auto& [first, last] : set) {
    auto pair = std::lower_bound(pairs.begin(), pairs.end(), Pair{first, 0});
    for (; pair != pairs.end() && pair->first <= last; ++pair) {
      all.emplace_back(pair->second, pair->second);
    }
  }
  CompileWork::Add((all.size() - set.size()) / 16);
  return Normalized(std::move(all));
}

}  // namespace

PointSet WithAllCases(const PointSet& set) {
  static const std::vector<Pair> folded = MakePairs(false);
  static const std::vector<Pair> unfolded = MakePairs(true);
  return WithPartners(WithPartners(set, folded), unfolded);
}

}  // namespace codellama
