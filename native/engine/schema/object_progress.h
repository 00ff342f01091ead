// Follows the properties of an object: which are written, which may come next, and whether the
// object may end.
//
// Each distinct situation has a progress number, which the states of JsonMachine contain. Only what
// later decisions need is part of a situation (WrittenObject), so that different orders of the same
// properties share a number. The answers for a number (Facts) are computed once. A property may
// come next only if the object can be completed after it.
//
// The object keeps no list of names from a group of other names, because a group can be infinite.
// Such a name may therefore occur twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/schema/object_completion.h"
#include "engine/schema/schema_plan.h"

namespace codellama {

// The plan must outlive this object. Only one thread may use it at a time.
class ObjectProgress {
 public:
  // Progress number: identifies the properties written so far.
  using Number = uint32_t;

  // Decisions for one progress number.
  struct Facts {
    LabelSet next;           // labels of the properties that may come next
    bool may_close = false;  // the object may end now
  };

  // A value that a property may have, and the progress after it.
  struct Member {
    PlanNumber value = kNoPlan;
    Number after = 0;
  };

  explicit ObjectProgress(const SchemaPlan& plan) : plan_(plan) {}

  // The progress of an object without properties. `object` is an index into SchemaPlan::objects.
  Number Start(uint32_t object);
  // The reference is valid until the next call of a non-const function.
  const Facts& FactsOf(Number number) const { return written_[number].second; }
  // Whether another property may come next.
  bool HasNext(uint32_t object, Number number) const;
  // The values that a property with this label may have, one for each set of witnesses it can be.
  std::vector<Member> Members(uint32_t object, Number number, uint32_t label);

  // Number of progress numbers, for memory estimates.
  size_t size() const;

 private:
  // The progress number of an object, which is added if it is new.
  Number NumberOf(uint32_t object, const WrittenObject& written);
  Facts MakeFacts(uint32_t object, const WrittenObject& written);
  bool CanComplete(uint32_t object, const WrittenObject& written);

  const SchemaPlan& plan_;
  std::map<std::pair<uint32_t, WrittenObject>, Number> numbers_;
  std::vector<std::pair<WrittenObject, Facts>> written_;        // by progress number
  std::unordered_map<uint32_t, ObjectCompletion> completions_;  // by object
};

}  // namespace codellama
