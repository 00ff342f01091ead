#include "engine/gguf/split_model.h"

#include <cstdio>
#include <optional>
#include <unordered_set>

#include "engine/gguf/gguf_text.h"

namespace codellama {
namespace {

constexpr int kMaxParts = 9999;

// llama.cpp's suffix for a part, such as "-00002-of-00003.gguf".
std::string PartSuffix(int part, int parts) {
  char suffix[32];
  std::snprintf(suffix, sizeof(suffix), "-%05d-of-%05d.gguf", part, parts);
  return suffix;
}

std::optional<int> Unsigned16(const GgufChecker& checker, const std::string& key) {
  const GgufValue* value = checker.file().Find(key);
  if (!value) return std::nullopt;
  if (value->is_array() || value->type() != GgufType::kUint16) {
    checker.Fail(key + " has the type " + value->TypeName() + "; it must be u16");
  }
  return static_cast<int>(value->IntegerAt(0));
}

GgufFile ReadPart(const GgufChecker& first, const std::string& path, int part, int parts) {
  try {
    GgufFile file = ReadGguf(path);
    const GgufChecker checker(file, path);
    const std::optional<int> number = Unsigned16(checker, "split.no");
    if (!number) checker.Fail("split.no is missing: this file is not a part of a split model");
    if (*number != part - 1) {
      checker.Fail("split.no is " + std::to_string(*number) + "; it must be " +
                   std::to_string(part - 1));
    }
    return file;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kModelNotFound) throw;
    first.Fail("part " + std::to_string(part) + " of " + std::to_string(parts) +
                   " of this split model is missing: " + error.what(),
               ErrorCode::kModelNotFound);
  }
}

}  // namespace

std::vector<GgufFile> ReadOtherParts(const GgufChecker& checker, const std::string& path) {
  const int parts = Unsigned16(checker, "split.count").value_or(0);
  if (parts <= 1) return {};
  const int number = Unsigned16(checker, "split.no").value_or(0);
  if (parts > kMaxParts) {
    checker.Fail("split.count is " + std::to_string(parts) + "; it must be at most " +
                 std::to_string(kMaxParts));
  }
  const std::string own_suffix = PartSuffix(number + 1, parts);
  if (!path.ends_with(own_suffix)) {
    checker.Fail("this is part " + std::to_string(number + 1) + " of " + std::to_string(parts) +
                 " of a split model; its name must end with " + own_suffix);
  }
  const std::string stem = path.substr(0, path.size() - own_suffix.size());
  if (number != 0) {
    checker.Fail("this is part " + std::to_string(number + 1) + " of " + std::to_string(parts) +
                 " of a split model; load the first part, " + stem + PartSuffix(1, parts));
  }
  std::unordered_set<std::string> names;
  for (const GgufTensor& tensor : checker.file().tensors) names.insert(tensor.name);
  std::vector<GgufFile> others;
  for (int part = 2; part <= parts; ++part) {
    others.push_back(ReadPart(checker, stem + PartSuffix(part, parts), part, parts));
    for (const GgufTensor& tensor : others.back().tensors) {
      if (names.insert(tensor.name).second) continue;
      checker.Fail("the tensor " + Quote(tensor.name) + " occurs in two parts of this split model");
    }
  }
  return others;
}

}  // namespace codellama
