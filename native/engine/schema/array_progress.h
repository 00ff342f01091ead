// Follows the items of an array: which items are written, which may come next, and whether the
// array may end. Each distinct situation has a progress number, which the states of JsonMachine
// contain. Situations that allow the same continuations share a number where possible, so that a
// long array does not need a number for each length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/schema/array_completion.h"
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
  size_t size() const;

 private:
  Number NumberOf(uint32_t array, const WrittenArray& written);

  const SchemaPlan& plan_;
  std::map<std::pair<uint32_t, WrittenArray>, Number> numbers_;
  std::vector<WrittenArray> written_;                          // by progress number
  std::unordered_map<uint32_t, ArrayCompletion> completions_;  // by array
};

}  // namespace codellama
