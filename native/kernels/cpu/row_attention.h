// Decode attention: few query rows per sequence. Replaces ggml's.
#pragma once

#include <cstddef>

struct ggml_compute_params;
struct ggml_tensor;

namespace codellama::kernels {

// Whether RowAttention() can compute this GGML_OP_FLASH_ATTN_EXT node: fp16 keys and values, heads
// of 64 or 128, no sinks, no ALiBi, no soft cap. Always false on CPUs without AVX-512.
bool IsRowAttentionSupported(const ggml_tensor* attention);

// Bytes of work memory for a supported node.
size_t RowAttentionWorkSize(const ggml_tensor* attention, int threads);

// Computes a supported node. Every thread of the pool calls it. A row reads only its visible cells,
// in order, so its result depends neither on the rest of the cache nor on the batch.
void RowAttention(const ggml_compute_params* params, ggml_tensor* attention);

}  // namespace codellama::kernels
