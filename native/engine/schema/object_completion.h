// The properties of an object written so far, and whether further properties can complete it.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/schema/completion.h"
#include "engine/schema/schema_plan.h"

namespace codellama {

// The properties of an object written so far, reduced to what later decisions need. Different
// orders of the same properties therefore give equal values.
struct WrittenObject {
  LabelSet labels;        // names written; also groups, if the plan has a minimum
  LabelSet passed;        // names that must not come any more, because a later one is written
  uint64_t count = 0;     // number of properties; stays 0 if the plan has no maximum
  uint64_t distinct = 0;  // proven number of different names, counted up to the plan's minimum
  uint32_t met = 0;       // bit set of the witnesses written

  auto operator<=>(const WrittenObject&) const = default;

  // An object without properties.
  static WrittenObject Empty(const ObjectPlan& plan);
  // This object with one more property, which serves as the witnesses in the bit set `met`.
  WrittenObject With(const ObjectPlan& plan, uint32_t label, uint32_t met) const;
  // Whether a property with the label may come next, if later properties do not matter.
  bool MayContinueWith(const ObjectPlan& plan, uint32_t label) const;
  // Whether the object may end now.
  bool MayClose(const ObjectPlan& plan) const;
};

// The plan must outlive this object.
class ObjectCompletion : public Completion<WrittenObject> {
 public:
  explicit ObjectCompletion(const ObjectPlan& plan) : plan_(plan) {}

 protected:
  std::optional<bool> Decide(const WrittenObject& written) const override;
  std::vector<WrittenObject> Continuations(const WrittenObject& written) const override;

 private:
  // Names that are still required, including names implied by `written`.
  LabelSet MissingNames(const WrittenObject& written) const;
  // Number of further names that can be written and are certainly new.
  uint64_t CountAvailable(const WrittenObject& written) const;
  // Whether all names in the set can still be written.
  bool AreAvailable(const LabelSet& names, const WrittenObject& written) const;

  const ObjectPlan& plan_;
};

}  // namespace codellama
