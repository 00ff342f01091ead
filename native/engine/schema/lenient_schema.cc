#include "engine/schema/lenient_schema.h"

#include <set>
#include <utility>

#include "engine/regex/compile_work.h"
#include "engine/schema/json_pointer.h"
#include "engine/schema/schema_document.h"
#include "engine/schema/schema_error.h"

namespace codellama {

namespace {

// Each dropped keyword compiles the schema once more.
constexpr size_t kMaxDropped = 100;

class LenientCompiler {
 public:
  explicit LenientCompiler(JsonValue schema) : schema_(std::move(schema)) {}

  LenientPlan Compile() {
    for (;;) {
      try {
        SchemaPlan plan = PlanSchema(schema_, inclusive_);
        return {std::move(plan), std::move(dropped_)};
      } catch (const KeywordError& error) {
        const bool may_drop = error.kind() == KeywordError::Kind::kUnenforceable &&
                              error.pointer() && dropped_.size() < kMaxDropped &&
                              !CompileWork::IsSpent();
        if (!may_drop || !Drop(error)) throw;
      }
    }
  }

 private:
  // Drops the keyword of the error, or the outermost `not` or `if` around it. Returns false if the
  // keyword was not found.
  bool Drop(const KeywordError& error) {
    std::string_view rest = *error.pointer();
    std::string pointer;
    JsonValue* schema = &schema_;
    auto role = SchemaDocument::Role::kSchema;
    while (!rest.empty()) {
      const std::string part = TakePointerPart(&rest);
      const bool is_keyword = role == SchemaDocument::Role::kSchema && schema->Is(Kind::kObject);
      if (is_keyword && (part == "not" || part == "if")) {
        return DropFrom(schema, {pointer, part, error.what()});
      }
      if (is_keyword && part == "oneOf" && inclusive_.insert(pointer).second) {
        dropped_.push_back({pointer, part, "an alternative is not enforced in full, so anyOf is"});
      }
      if (schema->Is(Kind::kObject)) role = SchemaDocument::RoleOfMember(role, part);
      schema = MemberOf(schema, part);
      if (schema == nullptr) return false;
      pointer += "/" + EscapePointerPart(part);
    }
    return DropFrom(schema, {pointer, error.keyword(), error.problem()});
  }

  bool DropFrom(JsonValue* schema, const DroppedKeyword& dropped) {
    const auto& [pointer, keyword, reason] = dropped;
    if (keyword == "oneOf" && inclusive_.insert(pointer).second) {
      dropped_.push_back({pointer, keyword, reason + "; anyOf is enforced instead"});
      return true;
    }
    const auto has_name = [&](const auto& member) { return member.name == keyword; };
    if (std::erase_if(schema->members, has_name) == 0) return false;
    dropped_.push_back(dropped);
    // Without the patterns, it would forbid the names that they allow.
    if (keyword == "patternProperties" && schema->Find("additionalProperties") != nullptr) {
      DropFrom(schema, {pointer, "additionalProperties", "needs patternProperties"});
    }
    return true;
  }

  // The member or item that a part of a pointer names. Null if there is none.
  static JsonValue* MemberOf(JsonValue* value, const std::string& part) {
    if (value->Is(Kind::kArray)) {
      const size_t index = std::stoul(part);
      return index < value->items.size() ? &value->items[index] : nullptr;
    }
    for (auto& [name, member] : value->members) {
      if (name == part) return &member;
    }
    return nullptr;
  }

  using Kind = JsonValue::Kind;

  JsonValue schema_;
  std::set<std::string> inclusive_;  // pointers of the schemas whose `oneOf` counts as `anyOf`
  std::vector<DroppedKeyword> dropped_;
};

}  // namespace

LenientPlan PlanLenientSchema(JsonValue schema) {
  return LenientCompiler(std::move(schema)).Compile();
}

}  // namespace codellama
