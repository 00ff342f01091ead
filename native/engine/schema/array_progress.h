// The items of an array that are already written, and what may come next.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "engine/schema/schema_plan.h"

namespace codellama {

class ArrayProgress {
 public:
  // Written items, by their number.
  using Number = uint32_t;

  // An item that may come next: a value, or one of the texts that each stand once.
  struct Item {
    PlanNumber value = kNoPlan;
    uint32_t text = 0;
    Number after = 0;
  };

  explicit ArrayProgress(const SchemaPlan& plan) : plan_(plan) {}

  Number Nothing(uint32_t array);
  bool MayClose(uint32_t array, Number number) const;
  std::vector<Item> NextItems(uint32_t array, Number number);

  size_t size() const { return written_.size(); }

 private:
  struct Written {
    uint64_t items = 0;            // up to where the number makes no difference
    std::vector<uint64_t> counts;  // of the items that meet each counted condition
    LabelSet texts;                // of ArrayPlan::unique

    auto operator<=>(const Written&) const = default;
  };

  Number NumberOf(uint32_t array, const Written& written);
  // Adds an item that meets the conditions of `met`; false where it must not come.
  static bool Count(const ArrayPlan& plan, uint32_t met, uint64_t items, Written* written);

  const SchemaPlan& plan_;
  std::map<std::pair<uint32_t, Written>, Number> numbers_;
  std::vector<Written> written_;
};

}  // namespace codellama
