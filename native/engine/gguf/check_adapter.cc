#include <array>
#include <map>
#include <string>
#include <string_view>

#include "engine/gguf/checker.h"
#include "engine/gguf/gguf_file.h"
#include "engine/gguf/gguf_text.h"
#include "engine/gguf/tensor_type.h"

namespace codellama {
namespace {

constexpr uint32_t kNvfp4 = 40;  // NVFP4 in tensor_type.cc

// The two factors of one LoRA update. llama.cpp stores A as (input, rank) and B as (rank, output).
// The token embedding's factors are transposed.
struct Factors {
  const GgufTensor* a = nullptr;
  const GgufTensor* b = nullptr;
};

using FactorsByWeight = std::map<std::string, Factors, std::less<>>;

uint64_t Dimension(const GgufTensor& tensor, size_t index) {
  return index < tensor.dimensions.size() ? tensor.dimensions[index] : 1;
}

// A layer's expert weights are stacked in a third dimension.
bool IsExperts(std::string_view weight) { return weight.find("_exps.") != std::string_view::npos; }

void RequireText(const GgufChecker& checker, const std::string& key, std::string_view expected) {
  const auto text = checker.String(key);
  if (!text) checker.Fail(key + " is missing; this is not a LoRA adapter");
  if (*text == expected) return;
  checker.Fail(key + " is " + Quote(*text) + "; a LoRA adapter has " + Quote(expected));
}

FactorsByWeight PairFactors(const GgufChecker& checker) {
  constexpr std::string_view kSuffixA = ".lora_a";
  constexpr std::string_view kSuffixB = ".lora_b";
  FactorsByWeight pairs;
  for (const GgufTensor& tensor : checker.file().tensors) {
    const std::string_view name = tensor.name;
    if (name.ends_with("_norm.weight")) continue;  // llama.cpp skips these
    const bool is_a = name.ends_with(kSuffixA);
    const std::string_view weight = name.substr(0, name.find(is_a ? kSuffixA : kSuffixB));
    if ((!is_a && !name.ends_with(kSuffixB)) || weight.size() + kSuffixA.size() != name.size()) {
      checker.Fail("tensor " + Quote(name) +
                   " does not belong to a LoRA adapter; its name must end " +
                   "with .lora_a or .lora_b");
    }
    Factors& factors = pairs[std::string(weight)];
    (is_a ? factors.a : factors.b) = &tensor;
  }
  if (pairs.empty()) checker.Fail("the adapter has no tensors");
  return pairs;
}

void CheckFactor(const GgufChecker& checker, const GgufTensor& tensor, std::string_view weight) {
  const TensorType* type = FindTensorType(tensor.type);
  if (!type->is_weight) {
    checker.Fail("tensor " + Quote(tensor.name) + " has the type " + type->name +
                     "; it must be a type of weight matrices",
                 ErrorCode::kModelUnsupported);
  }
  const size_t most = IsExperts(weight) ? 3 : 2;
  for (size_t i = most; i < tensor.dimensions.size(); ++i) {
    if (tensor.dimensions[i] == 1) continue;
    checker.Fail("tensor " + Quote(tensor.name) + " has " +
                 std::to_string(tensor.dimensions.size()) + " dimensions; at most " +
                 std::to_string(most) + " are allowed");
  }
}

void CheckPair(const GgufChecker& checker, const std::string& weight, const Factors& factors) {
  if (!factors.a || !factors.b) {
    checker.Fail("tensor " + Quote(weight) + " has no " + (factors.a ? ".lora_b" : ".lora_a") +
                 " in this adapter");
  }
  CheckFactor(checker, *factors.a, weight);
  CheckFactor(checker, *factors.b, weight);
  const uint64_t rank_a = Dimension(*factors.a, weight.ends_with("token_embd.weight") ? 0 : 1);
  const uint64_t rank_b = Dimension(*factors.b, 0);
  if (rank_a != rank_b) {
    checker.Fail("the LoRA of tensor " + Quote(weight) + " has rank " + std::to_string(rank_a) +
                 " in .lora_a and " + std::to_string(rank_b) + " in .lora_b; they must be equal");
  }
  if (Dimension(*factors.a, 2) != Dimension(*factors.b, 2)) {
    checker.Fail("the LoRA of tensor " + Quote(weight) +
                 " has different numbers of experts in .lora_a and .lora_b");
  }
}

}  // namespace

void CheckAdapter(const GgufFile& adapter, const std::string& path) {
  const GgufChecker checker(adapter, path);
  RequireText(checker, "general.type", "adapter");
  RequireText(checker, "adapter.type", "lora");
  if (!checker.String("general.architecture")) checker.Fail("general.architecture is missing");
  checker.Float("adapter.lora.alpha");
  for (const auto& [weight, factors] : PairFactors(checker)) {
    CheckPair(checker, weight, factors);
  }
}

void CheckAdapterFits(const GgufFile& adapter, const std::string& path, const GgufFile& model) {
  const GgufChecker checker(adapter, path);
  if (adapter.Architecture() != model.Architecture()) {
    checker.Fail("this adapter is for the architecture " + Quote(adapter.Architecture()) +
                 ", but the model has " + Quote(model.Architecture()));
  }
  const auto experts =
      static_cast<uint64_t>(model.Integer(model.ArchitectureKey("expert_count")).value_or(0));
  for (const auto& [weight, factors] : PairFactors(checker)) {
    const GgufTensor* target = model.FindTensor(weight);
    if (target && target->type == kNvfp4) {
      checker.Fail(
          "tensor " + Quote(weight) + " of the model is NVFP4; llama.cpp cannot apply LoRA to it",
          ErrorCode::kModelUnsupported);
    }
    if (!IsExperts(weight) || Dimension(*factors.a, 2) == experts) continue;
    checker.Fail("the LoRA of tensor " + Quote(weight) + " is for " +
                 std::to_string(Dimension(*factors.a, 2)) + " experts, but the model has " +
                 std::to_string(experts));
  }
}

}  // namespace codellama
