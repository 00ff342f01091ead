// The items of an array written so far, and whether further items can complete it.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/schema/completion.h"
#include "engine/schema/schema_plan.h"

namespace codellama {

// The items of an array written so far, reduced to what later decisions need.
struct WrittenArray {
  uint64_t items = 0;            // number of items; stops at a value after which it is irrelevant
  std::vector<uint64_t> counts;  // for each ArrayPlan::counts: items that meet the condition
  LabelSet texts;                // texts of ArrayPlan::unique that are used up

  auto operator<=>(const WrittenArray&) const = default;

  // An array without items.
  static WrittenArray Empty(const ArrayPlan& plan);
  // This array with one more item, which meets the `contains` conditions in the bit set `met`.
  WrittenArray With(const ArrayPlan& plan, uint32_t met) const;
  // Index of the next item in ArrayPlan::items.
  size_t PositionIn(const ArrayPlan& plan) const;
  // Whether the array may end now.
  bool MayClose(const ArrayPlan& plan) const;
};

// The plan must outlive this object.
class ArrayCompletion : public Completion<WrittenArray> {
 public:
  explicit ArrayCompletion(const ArrayPlan& plan) : plan_(plan) {}

 protected:
  std::optional<bool> Decide(const WrittenArray& written) const override;
  std::vector<WrittenArray> Continuations(const WrittenArray& written) const override;

 private:
  const ArrayPlan& plan_;
};

}  // namespace codellama
