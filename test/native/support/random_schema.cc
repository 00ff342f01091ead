#include "support/random_schema.h"

#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

namespace codellama {

namespace {

class Generator {
 public:
  explicit Generator(std::mt19937* random) : random_(random) {}

  std::string Schema(int depth) {
    if (depth <= 0 || Chance(25)) return Pick(kLeaves);
    switch (Below(6)) {
      case 0:
      case 1:
      case 2:
        return Object(depth - 1);
      case 3:
      case 4:
        return Array(depth - 1);
      default:
        return Combination(depth - 1);
    }
  }

 private:
  static constexpr const char* kLeaves[] = {
      R"({"type":"integer"})",
      R"({"type":"string"})",
      R"({"type":"null"})",
      R"({"type":"boolean"})",
      R"({"const":1})",
      R"({"enum":["x",1]})",
      R"({"type":"number","minimum":3})",
      R"({"type":"string","pattern":"^[ab]$"})",
      R"({"type":["string","null"]})",
      "{}",
      "false",
  };
  static constexpr const char* kNames[] = {"a", "b", "c", "d"};
  static constexpr const char* kPatterns[] = {"^[ab]", "c", "^d$", ".", "^(a|bb)$", "^[ac]$"};

  uint32_t Below(uint32_t limit) { return static_cast<uint32_t>((*random_)() % limit); }
  bool Chance(uint32_t percent) { return Below(100) < percent; }
  std::string Number(uint32_t limit) { return std::to_string(Below(limit)); }

  template <size_t count>
  std::string Pick(const char* const (&list)[count]) {
    return list[Below(count)];
  }

  static std::string Quoted(const std::string& text) { return "\"" + text + "\""; }
  std::string Name() { return Quoted(Pick(kNames)); }
  std::string Pattern() { return Quoted(Pick(kPatterns)); }

  // Members of a JSON object, joined by commas.
  class Members {
   public:
    void Add(const std::string& name, const std::string& value) {
      text_ += (text_.empty() ? "" : ",") + Quoted(name) + ":" + value;
    }
    std::string Closed() const { return "{" + text_ + "}"; }

   private:
    std::string text_;
  };

  // A JSON array of 1 to `most` elements.
  template <typename Make>
  std::string List(uint32_t most, Make&& make) {
    std::string text = "[" + make();
    for (uint32_t more = Below(most); more > 0; more--) text += "," + make();
    return text + "]";
  }

  std::string Names() {
    return List(3, [&] { return Name(); });
  }
  std::string Schemas(int depth) {
    return List(3, [&] { return Schema(depth); });
  }

  std::string Combination(int depth) {
    switch (Below(5)) {
      case 0:
        return R"({"not":)" + Schema(depth) + "}";
      case 1:
        return R"({"if":)" + Schema(depth) + R"(,"then":)" + Schema(depth) + R"(,"else":)" +
               Schema(depth) + "}";
      case 2:
        return R"({"anyOf":)" + Schemas(depth) + "}";
      case 3:
        return R"({"oneOf":)" + Schemas(depth) + "}";
      default:
        return R"({"allOf":)" + Schemas(depth) + "}";
    }
  }

  // The opposite of it requires some property.
  std::string Forbidding(int depth) {
    switch (Below(4)) {
      case 0:
        return R"({"patternProperties":{)" + Pattern() + ":" + Schema(depth) + "}}";
      case 1:
        return R"({"propertyNames":{"not":{"pattern":)" + Pattern() + "}}}";
      case 2:
        return R"({"anyOf":)" +
               List(4, [&] { return R"({"patternProperties":{)" + Pattern() + ":false}}"; }) + "}";
      default:
        return R"({"additionalProperties":)" + Schema(depth) + "}";
    }
  }

  std::string Object(int depth) {
    Members schema;
    if (Chance(70)) schema.Add("type", Quoted("object"));
    if (Chance(60)) {
      Members properties;
      for (const char* name : kNames) {
        if (Chance(60)) properties.Add(name, Schema(depth));
      }
      schema.Add("properties", properties.Closed());
    }
    if (Chance(50)) schema.Add("additionalProperties", Chance(60) ? "false" : Schema(depth));
    if (Chance(30)) schema.Add("required", Names());
    if (Chance(30)) schema.Add("minProperties", Number(5));
    if (Chance(40)) schema.Add("maxProperties", Number(5));
    if (Chance(25)) schema.Add("patternProperties", "{" + Pattern() + ":" + Schema(depth) + "}");
    if (Chance(20)) schema.Add("propertyNames", "{\"pattern\":" + Pattern() + "}");
    if (Chance(20)) schema.Add("dependentRequired", "{" + Name() + ":" + Names() + "}");
    if (Chance(15)) schema.Add("dependentSchemas", "{" + Name() + ":" + Schema(depth) + "}");
    if (Chance(15)) schema.Add("propertyOrdering", Names());
    if (Chance(30)) schema.Add("not", Forbidding(depth));
    return schema.Closed();
  }

  std::string Array(int depth) {
    Members schema;
    if (Chance(70)) schema.Add("type", Quoted("array"));
    if (Chance(50)) schema.Add("items", Schema(depth));
    if (Chance(30)) schema.Add("prefixItems", Schemas(depth));
    if (Chance(30)) schema.Add("minItems", Number(4));
    if (Chance(40)) schema.Add("maxItems", Number(5));
    if (Chance(40)) {
      schema.Add("contains", Schema(depth));
      if (Chance(40)) schema.Add("minContains", Number(4));
      if (Chance(40)) schema.Add("maxContains", Number(4));
    }
    if (Chance(20)) schema.Add("uniqueItems", "true");
    if (Chance(20)) schema.Add("allOf", "[{\"contains\":" + Schema(0) + "}]");
    if (Chance(10)) schema.Add("unevaluatedItems", Schema(0));
    return schema.Closed();
  }

  std::mt19937* random_;
};

}  // namespace

std::string RandomSchema(std::mt19937* random, int depth) {
  return Generator(random).Schema(depth);
}

}  // namespace codellama
