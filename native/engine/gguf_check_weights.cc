#include "gguf_check_weights.h"

#include <limits>

#include "gguf_text.h"
#include "tensor_type.h"

namespace codellama {
namespace {

constexpr uint64_t kBufferAlignment = 32;  // TENSOR_ALIGNMENT of ggml
constexpr uint32_t kFloat32 = 0;           // F32 in tensor_type.cc
constexpr uint64_t kMaxDimension = std::numeric_limits<int32_t>::max();

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
