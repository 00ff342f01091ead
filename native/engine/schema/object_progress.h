// Follows the properties of an object: which are written, which may come next, and whether the
// object may end.
//
// Each distinct situation has a progress number, which the states of JsonMachine contain. Only what
// later decisions need is part of a situation, so that different orders of the same properties
// share a number. The answers for a number (Facts) are computed once. They look ahead to avoid dead
// ends: a property may come next only if everything that is still required can come after it.
//
// The object keeps no list of names from a group of other names, because a group can be infinite.
// Such a name may therefore occur twice.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

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
    bool dead = false;       // the object cannot be completed any more
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
  size_t size() const { return written_.size(); }

 private:
  struct Written {
    LabelSet labels;        // names written; also groups, if the plan has a minimum
    LabelSet passed;        // names that must not come any more, because a later one is written
    uint64_t count = 0;     // number of properties; stays 0 if the plan has no maximum
    uint64_t distinct = 0;  // proven number of different names, counted up to the plan's minimum
    uint32_t met = 0;       // bit set of the witnesses written

    auto operator<=>(const Written&) const = default;
  };

  // The progress number of a situation, which is added if it is new.
  Number NumberOf(uint32_t object, const Written& written);
  Facts MakeFacts(const ObjectPlan& plan, const Written& written) const;
  // The situation after one more property.
  static Written With(const ObjectPlan& plan, Written written, uint32_t label);
  // Whether a property with the label may come next. Checks everything except witnesses.
  static bool MayCome(const ObjectPlan& plan, const Written& written, uint32_t label);
  // Bit set of the witnesses that a property with the label can be.
  static uint32_t MayMeet(const ObjectPlan& plan, uint32_t label);
  // Bit set of the witnesses that properties with these labels can be after a property
  // `just_written`, whose name cannot come again. UINT32_MAX = no property was written.
  static uint32_t MayMeet(const ObjectPlan& plan, const LabelSet& labels, uint32_t just_written);

  const SchemaPlan& plan_;
  std::map<std::pair<uint32_t, Written>, Number> numbers_;
  std::vector<std::pair<Written, Facts>> written_;  // by progress number
};

}  // namespace codellama
