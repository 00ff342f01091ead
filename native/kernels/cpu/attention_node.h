// Reads a GGML_OP_FLASH_ATTN_EXT node.
#pragma once

#include <cstring>

#include "ggml.h"

namespace codellama::kernels {

// Positions of the operands in `src`.
enum { kQuery, kKey, kValue, kMask, kSinks };

using Fp16 = ggml_fp16_t;

constexpr Fp16 kHidden = 0xfc00;  // minus infinity: the mask value of a hidden cell

// Positions of the options in `op_params`.
enum { kScale, kLargestBias, kSoftCap };

inline float AttentionOption(const ggml_tensor* node, int index) {
  float option;
  std::memcpy(&option, node->op_params + index, sizeof option);
  return option;
}

inline float AttentionScale(const ggml_tensor* node) { return AttentionOption(node, kScale); }

// Whether a row is a dense array of `type`.
inline bool HasDenseRows(const ggml_tensor* tensor, ggml_type type) {
  return tensor->type == type && tensor->nb[0] == ggml_type_size(type);
}

template <class T>
T* RowOf(const ggml_tensor* tensor, int64_t i1, int64_t i2, int64_t i3) {
  return reinterpret_cast<T*>(static_cast<char*>(tensor->data) + i1 * tensor->nb[1] +
                              i2 * tensor->nb[2] + i3 * tensor->nb[3]);
}

// Whether the attention is of the form that Code Llama uses: an fp16 KV cache, a mask or none, keys
// and values of one shape, no sinks, no ALiBi, no soft cap.
inline bool IsPlainAttention(const ggml_tensor* node) {
  const ggml_tensor *key = node->src[kKey], *value = node->src[kValue], *mask = node->src[kMask];
  return HasDenseRows(node->src[kQuery], GGML_TYPE_F32) && HasDenseRows(key, GGML_TYPE_F16) &&
         HasDenseRows(value, GGML_TYPE_F16) && (!mask || HasDenseRows(mask, GGML_TYPE_F16)) &&
         !node->src[kSinks] && AttentionOption(node, kLargestBias) == 0 &&
         AttentionOption(node, kSoftCap) == 0 && value->ne[0] == key->ne[0] &&
         value->ne[2] == key->ne[2] && value->ne[3] == key->ne[3];
}

}  // namespace codellama::kernels
