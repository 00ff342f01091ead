#include "gguf_check_weights.h"

#include <limits>
#include <string>
#include <string_view>
#include <unordered_set>

#include "gguf_text.h"
#include "tensor_type.h"

namespace codellama {
namespace {

constexpr uint64_t kBufferAlignment = 32;  // TENSOR_ALIGNMENT of ggml
constexpr uint32_t kFloat32 = 0;           // F32 in tensor_type.cc
constexpr uint32_t kNvfp4 = 40;            // NVFP4 there
constexpr uint64_t kMaxDimension = std::numeric_limits<int32_t>::max();

// NVFP4 weights come with a scale of their own, and llama.cpp asserts that it has its place.
void CheckNvfp4(const GgufChecker& checker) {
  std::unordered_set<std::string_view> names;
  for (const GgufTensor& tensor : checker.file().tensors) names.insert(tensor.name);
  constexpr std::string_view kSuffix = ".weight";
  for (const GgufTensor& tensor : checker.file().tensors) {
    if (tensor.type != kNvfp4 || !tensor.name.ends_with(kSuffix)) continue;
    const std::string name = tensor.name.substr(0, tensor.name.size() - kSuffix.size());
    if (names.contains(name + ".scale") && names.contains(name + ".bias")) {
      checker.Fail("tensor " + Quote(tensor.name) + " is NVFP4 and has both .scale and .bias",
                   ErrorCode::kModelUnsupported);
    }
    const bool is_output = name == "token_embd" && !names.contains("output.weight");
    if (is_output && (names.contains("output.scale") || names.contains("output.input_scale"))) {
      checker.Fail("output.weight is missing, but its scale is there",
                   ErrorCode::kModelUnsupported);
    }
  }
}

}  // namespace

// A mapped file is used where it lies, and ggml wants each part of it aligned.
void CheckAlignment(const GgufChecker& checker) {
  for (const GgufTensor& tensor : checker.file().tensors) {
    const uint64_t position = checker.file().data_offset + tensor.offset;
    if (position % kBufferAlignment == 0) continue;
    checker.Fail("tensor " + Quote(tensor.name) + " lies at byte " + std::to_string(position) +
                     ", which is not a multiple of " + std::to_string(kBufferAlignment) +
                     "; convert the model again with general.alignment 32",
                 ErrorCode::kModelUnsupported);
  }
}

void CheckWeights(const GgufChecker& checker) {
  CheckNvfp4(checker);
  if (checker.file().Architecture() != "llama") return;
  // The graph of this architecture multiplies by matrices of some types, and adds or multiplies by
  // vectors of 32-bit floats.
  for (const GgufTensor& tensor : checker.file().tensors) {
    for (const uint64_t dimension : tensor.dimensions) {
      if (dimension <= kMaxDimension) continue;
      checker.Fail("tensor " + Quote(tensor.name) + " has a dimension of " +
                   std::to_string(dimension) + "; at most " + std::to_string(kMaxDimension) +
                   " are allowed");
    }
    const bool is_vector = tensor.dimensions.size() < 2 || !tensor.name.ends_with(".weight");
    const TensorType* type = FindTensorType(tensor.type);
    if (is_vector ? tensor.type == kFloat32 : type->is_weight) continue;
    checker.Fail("tensor " + Quote(tensor.name) + " has the type " + type->name + "; it must be " +
                     (is_vector ? "F32" : "a type of weight matrices"),
                 ErrorCode::kModelUnsupported);
  }
}

}  // namespace codellama
