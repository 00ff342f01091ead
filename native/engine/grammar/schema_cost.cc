#include "engine/grammar/schema_cost.h"

#include <string>
#include <unordered_set>

#include "engine/base/error.h"
#include "json-schema.h"

namespace codellama {

namespace {

// The unit is one copy of a name, about ten nanoseconds.
constexpr uint64_t kMaxCost = 25'000'000;
constexpr uint64_t kCostOfVisit = 200;

// Limits nested levels and chains of references. lib/options/structure.ts limits the nesting of the
// schema text itself.
constexpr int kMaxDepth = 500;

// Visits a schema like the converter: a reference once, the parts of allOf every time.
class Estimate {
 public:
  void Visit(const common_chat_schema& schema) {
    Add(kCostOfVisit);
    const Level level(this);
    switch (schema.kind()) {
      case common_chat_schema::KIND_REF:
        return VisitReference(As<common_chat_schema_ref>(schema));
      case common_chat_schema::KIND_ANY_OF:
        for (const auto& child : As<common_chat_schema_any_of>(schema).children) Visit(*child);
        return;
      case common_chat_schema::KIND_ALL_OF:
        return VisitMerged(As<common_chat_schema_all_of>(schema));
      case common_chat_schema::KIND_ENUM:
        return Add(As<common_chat_schema_enum>(schema).values.size());
      case common_chat_schema::KIND_ARRAY:
        return Visit(*As<common_chat_schema_array>(schema).items);
      case common_chat_schema::KIND_TUPLE:
        for (const auto& item : As<common_chat_schema_tuple>(schema).items) Visit(*item);
        return;
      case common_chat_schema::KIND_OBJECT:
        return VisitObject(As<common_chat_schema_object>(schema));
      default:
        return;
    }
  }

 private:
  template <typename Kind>
  static const Kind& As(const common_chat_schema& schema) {
    return static_cast<const Kind&>(schema);
  }

  struct Level {
    explicit Level(Estimate* estimate) : depth(&estimate->depth_) {
      if (++*depth > kMaxDepth)
        Refuse("the schema is nested too deep, or refers to itself without end");
    }
    ~Level() { --*depth; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    int* depth;
  };

  [[noreturn]] static void Refuse(const std::string& what) {
    throw Error(ErrorCode::kInvalidGrammar, "jsonSchema: " + what);
  }

  void Add(uint64_t cost) {
    cost_ += cost;
    if (cost_ <= kMaxCost) return;
    Refuse(
        "converting the schema takes too long: at most about 500 properties of one object may be "
        "optional, fewer with several such objects; make properties required or remove some");
  }

  void AddOptional(uint64_t properties) {
    // For each property, the converter copies all lists of properties that follow it.
    constexpr uint64_t kOverflowing = 10'000;  // its third power could overflow
    if (properties > kOverflowing) Add(kMaxCost);
    Add(properties * properties * properties / 6);
  }

  void VisitReference(const common_chat_schema_ref& reference) {
    if (reference.target == nullptr || !visited_.insert(reference.ref).second) return;
    Visit(*reference.target);
  }

  void VisitObject(const common_chat_schema_object& object) {
    uint64_t optional = object.additional_properties ? 1 : 0;
    for (const auto& property : object.properties) {
      if (!property.required) optional++;
      Visit(*property.schema);
    }
    if (object.additional_properties) Visit(*object.additional_properties);
    AddOptional(optional);
  }

  void VisitMerged(const common_chat_schema_all_of& merged) {
    uint64_t optional = 0;
    for (const auto& child : merged.children) {
      if (child->kind() != common_chat_schema::KIND_ANY_OF) {
        VisitPart(*child);
        continue;
      }
      for (const auto& part : As<common_chat_schema_any_of>(*child).children) {
        optional += VisitPart(*part);
      }
    }
    AddOptional(optional);
  }

  // Returns the number of the part's properties.
  uint64_t VisitPart(const common_chat_schema& part) {
    Add(kCostOfVisit);
    const Level level(this);
    if (part.kind() == common_chat_schema::KIND_REF) {
      const auto* target = As<common_chat_schema_ref>(part).target;
      return target == nullptr ? 0 : VisitPart(*target);
    }
    if (part.kind() != common_chat_schema::KIND_OBJECT) return 0;
    const auto& properties = As<common_chat_schema_object>(part).properties;
    for (const auto& property : properties) Visit(*property.schema);
    return properties.size();
  }

  uint64_t cost_ = 0;
  int depth_ = 0;
  std::unordered_set<std::string> visited_;
};

}  // namespace

void RequireAffordable(const common_chat_schema_document& document) {
  Estimate().Visit(*document.root);
}

}  // namespace codellama
