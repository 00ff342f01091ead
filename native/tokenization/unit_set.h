// A set of code units: the value of a bracket expression or of a character in a pattern.
#pragma once

#include <bitset>
#include <cstdint>
#include <vector>

namespace codellama {

class UnitSet {
 public:
  void Add(uint32_t first, uint32_t last);
  void Add(const UnitSet& other);
  void Invert();
  void Intersect(const UnitSet& other);

  bool Contains(uint32_t unit) const { return unit < kSmall ? small_[unit] : ContainsLarge(unit); }

 private:
  static constexpr uint32_t kSmall = 256;

  struct Range {
    uint32_t first;
    uint32_t last;
  };

  void Normalise();
  bool ContainsLarge(uint32_t unit) const;

  std::vector<Range> ranges_;  // sorted, not adjacent
  std::bitset<kSmall> small_;  // the units below kSmall again, for speed
};

}  // namespace codellama
