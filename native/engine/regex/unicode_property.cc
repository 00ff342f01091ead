#include "engine/regex/unicode_property.h"

#include <span>

#include "engine/regex/unicode_tables.h"

namespace codellama {

namespace {

// General categories that consist of other categories: those whose short names start with a letter
// of `parts`, or LC, the letters with case.
struct CategoryGroup {
  std::string_view name, short_name, parts;
};
constexpr CategoryGroup kGroups[] = {
    {"Letter", "L", "L"},         {"Cased_Letter", "LC", "LC"}, {"Mark", "M", "M"},
    {"Combining_Mark", "M", "M"}, {"Number", "N", "N"},         {"Punctuation", "P", "P"},
    {"punct", "P", "P"},          {"Symbol", "S", "S"},         {"Separator", "Z", "Z"},
    {"Other", "C", "C"},
};
// Names that are neither a long nor a short name of the tables.
constexpr std::string_view kAliases[][2] = {{"digit", "Nd"}, {"cntrl", "Cc"}};

// Reads one number of UnicodeProperty::ranges.
uint32_t TakeNumber(const char** text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint32_t number = 0;
  for (;;) {
    const auto digit = static_cast<uint32_t>(kAlphabet.find(*(*text)++));
    number = number << 5 | (digit & 31);
    if (digit < 32) return number;
  }
}

void AppendRanges(const char* text, PointSet* set) {
  for (uint32_t next = 0; *text != '\0';) {
    const uint32_t first = next + TakeNumber(&text);
    const uint32_t last = first + TakeNumber(&text);
    set->emplace_back(first, last);
    next = last + 1;
  }
}

std::optional<PointSet> Find(std::span<const UnicodeProperty> table, std::string_view name) {
  for (const UnicodeProperty& each : table) {
    if (name != each.name && name != each.short_name) continue;
    PointSet set;
    AppendRanges(each.ranges, &set);
    return set;
  }
  return std::nullopt;
}

bool Includes(std::string_view parts, std::string_view category) {
  if (parts == "LC") return category == "Lu" || category == "Ll" || category == "Lt";
  return category.starts_with(parts);
}

std::optional<PointSet> FindCategory(std::string_view name) {
  const std::span categories(kUnicodeCategories, kUnicodeCategoriesSize);
  for (const auto& [alias, short_name] : kAliases) {
    if (name == alias) name = short_name;
  }
  for (const auto& [group, short_name, parts] : kGroups) {
    if (name != group && name != short_name) continue;
    PointSet set;
    for (const UnicodeProperty& each : categories) {
      if (Includes(parts, each.short_name)) AppendRanges(each.ranges, &set);
    }
    return Normalized(std::move(set));
  }
  return Find(categories, name);
}

}  // namespace

std::optional<PointSet> CodePointsOf(std::string_view property) {
  const size_t equals = property.find('=');
  if (equals != std::string_view::npos) {
    const std::string_view name = property.substr(0, equals);
    const std::string_view value = property.substr(equals + 1);
    if (name == "General_Category" || name == "gc") return FindCategory(value);
    if (name != "Script" && name != "sc") return std::nullopt;
    return Find({kUnicodeScripts, kUnicodeScriptsSize}, value);
  }
  if (property == "Any") return PointSet{{0, kLastScalar}};
  if (property == "ASCII") return PointSet{{0, 0x7F}};
  if (property == "Assigned") return Complement(*FindCategory("Unassigned"));
  if (const auto category = FindCategory(property)) return category;
  return Find({kUnicodeFlags, kUnicodeFlagsSize}, property);
}

}  // namespace codellama
