// Attention of single rows, as in decoding, in place of ggml's path for them.
#pragma once

#include <cstddef>

struct ggml_compute_params;
struct ggml_tensor;

namespace codellama::kernels {

// Whether this flash attention is computed here: a KV cache of 16-bit floats, heads of 64 or 128,
// none of the additions that Code Llama doesn't have. Always false where the CPU has no AVX-512.
bool RowAttentionTakes(const ggml_tensor* attention);

// Bytes of work memory that it needs.
size_t RowAttentionWorkSize(const ggml_tensor* attention, int threads);

// Computes it; called by all threads. Only the cells that a row's mask leaves are looked at, in
// their order, so that its numbers do not depend on what else lies in the cache, nor on the batch.
void RowAttention(const ggml_compute_params* params, ggml_tensor* attention);

}  // namespace codellama::kernels
