// The properties of an object that are already written, and what may come next.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "engine/schema/schema_plan.h"

namespace codellama {

class ObjectProgress {
 public:
  // A set of written properties, by its number.
  using Number = uint32_t;

  struct Facts {
    LabelSet next;  // labels that may come next
    bool may_close = false;
    bool dead = false;  // the object cannot be written to its end
  };

  struct Member {
    PlanNumber value = kNoPlan;
    Number after = 0;
  };

  explicit ObjectProgress(const SchemaPlan& plan) : plan_(plan) {}

  Number Nothing(uint32_t object);
  // Valid until the next call of a function that is not const.
  const Facts& FactsOf(Number number) const { return written_[number].second; }
  // Whether some name may come next.
  bool HasNext(uint32_t object, Number number) const;
  // The values that a property of this label may have, and what is written after each.
  std::vector<Member> Members(uint32_t object, Number number, uint32_t label);

  size_t size() const { return written_.size(); }

 private:
  struct Written {
    LabelSet labels;
    LabelSet passed;        // labels that are left out, because one that comes later is written
    uint64_t count = 0;     // properties, where the plan has a maximum
    uint64_t distinct = 0;  // at least so many names, up to the plan's minimum
    uint32_t met = 0;       // witnesses that are written, a bit each

    auto operator<=>(const Written&) const = default;
  };

  Number NumberOf(uint32_t object, const Written& written);
  Facts MakeFacts(const ObjectPlan& plan, const Written& written) const;
  static Written With(const ObjectPlan& plan, Written written, uint32_t label);
  // Whether a label may come next, as far as required names and the number of properties go.
  static bool MayCome(const ObjectPlan& plan, const Written& written, uint32_t label);
  // Witnesses that a property of the label may be.
  static uint32_t MayMeet(const ObjectPlan& plan, uint32_t label);
  // Witnesses that properties of the labels may be; a name that was just written comes no more.
  static uint32_t MayMeet(const ObjectPlan& plan, const LabelSet& labels, uint32_t just_written);

  const SchemaPlan& plan_;
  std::map<std::pair<uint32_t, Written>, Number> numbers_;
  std::vector<std::pair<Written, Facts>> written_;
};

}  // namespace codellama
