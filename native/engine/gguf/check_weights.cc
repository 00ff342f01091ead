#include "engine/gguf/check_weights.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_set>

#include "engine/gguf/gguf_text.h"
#include "engine/gguf/tensor_type.h"

namespace codellama {
namespace {

constexpr uint64_t kBufferAlignment = 32;  // TENSOR_ALIGNMENT of ggml
constexpr uint32_t kFloat32 = 0;           // F32 in tensor_type.cc
constexpr uint32_t kNvfp4 = 40;            // NVFP4 in tensor_type.cc
constexpr uint32_t kFirstInteger = 24;     // I8, I16, I32 and I64
constexpr uint32_t kLastInteger = 27;
constexpr uint64_t kMaxDimension = std::numeric_limits<int32_t>::max();

// NVFP4 weights have a separate scale tensor. llama.cpp asserts that it can apply the scale.
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
      checker.Fail("output.weight is missing, but output.scale or output.input_scale exists",
                   ErrorCode::kModelUnsupported);
    }
  }
}

void CheckDimensions(const GgufChecker& checker, const GgufTensor& tensor) {
  for (const uint64_t dimension : tensor.dimensions) {
    if (dimension <= kMaxDimension) continue;
    checker.Fail("tensor " + Quote(tensor.name) + " has a dimension of " +
                 std::to_string(dimension) + "; at most " + std::to_string(kMaxDimension) +
                 " are allowed");
  }
}

// Whether ggml adds or multiplies the tensor element by element, or reads it as floats in
// state-space operations.
bool HasVectorName(const GgufTensor& tensor) {
  constexpr std::string_view kSuffixes[] = {".bias", "norm.weight",       ".scale",
                                            "ssm_a", "ssm_conv1d.weight", "ssm_d"};
  return std::any_of(std::begin(kSuffixes), std::end(kSuffixes),
                     [&](std::string_view suffix) { return tensor.name.ends_with(suffix); });
}

// Whether the tensor is a table of ids, which some architectures have.
bool IsIdTable(const GgufTensor& tensor) {
  const bool is_integer = tensor.type >= kFirstInteger && tensor.type <= kLastInteger;
  const bool has_name =
      !tensor.name.ends_with(".weight") || tensor.name.find("tid2eid") != std::string::npos;
  return is_integer && has_name && !HasVectorName(tensor);
}

// ggml's CPU backend aborts, or calls a null pointer, on other types.
void CheckType(const GgufChecker& checker, const GgufTensor& tensor) {
  const TensorType* type = FindTensorType(tensor.type);
  const bool is_vector = tensor.dimensions.size() < 2 || HasVectorName(tensor);
  if ((is_vector ? tensor.type == kFloat32 : type->is_weight) || IsIdTable(tensor)) return;
  checker.Fail("tensor " + Quote(tensor.name) + " has the type " + type->name + "; it must be " +
                   (is_vector ? "F32" : "a type of weight matrices"),
               ErrorCode::kModelUnsupported);
}

}  // namespace

// ggml uses tensors of a mapped file in place and requires them to be aligned.
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
  for (const GgufTensor& tensor : checker.file().tensors) {
    CheckDimensions(checker, tensor);
    CheckType(checker, tensor);
  }
}

}  // namespace codellama
