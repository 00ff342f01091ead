// Follows the items of an array: which items are written, which may come next, and whether the
// array may end. Each distinct situation has a progress number, which the states of JsonMachine
// contain. Situations that allow the same continuations share a number where possible, so that a
// long array does not need a number for each length.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "engine/schema/schema_plan.h"

namespace codellama {

// The plan must outlive this object. Only one thread may use it at a time.
class ArrayProgress {
 public:
  // Progress number: identifies the items written so far.
  using Number = uint32_t;

  // An item that may come next, and the progress after it.
  struct Item {
    PlanNumber value = kNoPlan;  // plan of the item; kNoPlan = the item is a text of the array
    uint32_t text = 0;           // index into ArrayPlan::unique if `value` is kNoPlan
    Number after = 0;
  };

  explicit ArrayProgress(const SchemaPlan& plan) : plan_(plan) {}

  // The progress of an array without items. `array` is an index into SchemaPlan::arrays.
  Number Start(uint32_t array);
  // Whether the array may end now.
  bool MayClose(uint32_t array, Number number) const;
  // The items that may come next. Empty if the array must end.
  std::vector<Item> NextItems(uint32_t array, Number number);

  // Number of progress numbers, for memory estimates.
  size_t size() const { return written_.size(); }

 private:
  struct Written {
    uint64_t items = 0;            // number of items; stops at a value after which it is irrelevant
    std::vector<uint64_t> counts;  // for each ArrayPlan::counts: items that meet the condition
    LabelSet texts;                // texts of ArrayPlan::unique that are used up

    auto operator<=>(const Written&) const = default;
  };

  Number NumberOf(uint32_t array, const Written& written);
  // Counts one more item that meets the conditions in the bit set `met`. `items` is the number of
  // items with it. Returns false if the item is not allowed.
  static bool Count(const ArrayPlan& plan, uint32_t met, uint64_t items, Written* written);

  const SchemaPlan& plan_;
  std::map<std::pair<uint32_t, Written>, Number> numbers_;
  std::vector<Written> written_;
};

}  // namespace codellama
