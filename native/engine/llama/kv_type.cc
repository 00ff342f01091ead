#include "engine/llama/kv_type.h"

#include "engine/base/error.h"

namespace codellama {

namespace {

struct KvType {
  const char* name;
  ggml_type type;
};

constexpr KvType kKvTypes[] = {
    {"f32", GGML_TYPE_F32},   {"f16", GGML_TYPE_F16},   {"bf16", GGML_TYPE_BF16},
    {"q8_0", GGML_TYPE_Q8_0}, {"q5_1", GGML_TYPE_Q5_1}, {"q5_0", GGML_TYPE_Q5_0},
    {"q4_1", GGML_TYPE_Q4_1}, {"q4_0", GGML_TYPE_Q4_0}, {"iq4_nl", GGML_TYPE_IQ4_NL},
};

}  // namespace

ggml_type ParseKvType(const std::string& name) {
  for (const KvType& known : kKvTypes) {
    if (name == known.name) return known.type;
  }
  throw Error(ErrorCode::kInvalidArgument, "unknown KV cache type " + name);
}

}  // namespace codellama
