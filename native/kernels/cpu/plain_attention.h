// Attention as Code Llama has it: halves in the KV cache, and nothing added to it but the mask.
#pragma once

#include <cstring>

#include "ggml.h"

namespace codellama::kernels {

// Where a GGML_OP_FLASH_ATTN_EXT node has its operands.
enum { kQuery, kKey, kValue, kMask, kSinks };

using Half = ggml_fp16_t;

constexpr Half kHidden = 0xfc00;  // minus infinity, of a cell that the mask hides

// The node's options, in order.
enum { kScale, kLargestBias, kSoftCap };

inline float AttentionOption(const ggml_tensor* node, int index) {
  float option;
  std::memcpy(&option, node->op_params + index, sizeof option);
  return option;
}

inline float AttentionScale(const ggml_tensor* node) { return AttentionOption(node, kScale); }

inline bool HasRowsOf(const ggml_tensor* tensor, ggml_type type) {
  return tensor->type == type && tensor->nb[0] == ggml_type_size(type);
}

template <class T>
T* RowOf(const ggml_tensor* tensor, int64_t i1, int64_t i2, int64_t i3) {
  return reinterpret_cast<T*>(static_cast<char*>(tensor->data) + i1 * tensor->nb[1] +
                              i2 * tensor->nb[2] + i3 * tensor->nb[3]);
}

inline bool IsPlainAttention(const ggml_tensor* node) {
  const ggml_tensor *key = node->src[kKey], *value = node->src[kValue], *mask = node->src[kMask];
  return HasRowsOf(node->src[kQuery], GGML_TYPE_F32) && HasRowsOf(key, GGML_TYPE_F16) &&
         HasRowsOf(value, GGML_TYPE_F16) && (!mask || HasRowsOf(mask, GGML_TYPE_F16)) &&
         !node->src[kSinks] && AttentionOption(node, kLargestBias) == 0 &&
         AttentionOption(node, kSoftCap) == 0 && value->ne[0] == key->ne[0] &&
         value->ne[2] == key->ne[2] && value->ne[3] == key->ne[3];
}

}  // namespace codellama::kernels
