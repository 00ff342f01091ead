// Attention of a prompt's tokens on CPUs with a matrix unit (Intel AMX), in place of ggml's own.
#pragma once

#include <cstddef>

struct ggml_compute_params;
struct ggml_tensor;

namespace codellama::kernels {

// Whether AmxAttention() computes this GGML_OP_FLASH_ATTN_EXT node on this CPU: 16 query rows or
// more over keys and values in half precision, without sinks, ALiBi and soft cap.
bool AmxAttentionTakes(const ggml_tensor* node);

// Bytes of work memory that it needs.
size_t AmxAttentionWorkSize(const ggml_tensor* node, int threads);

// Called by each thread of the pool. A row's result depends neither on the number of threads nor on
// the other rows.
void AmxAttention(const ggml_compute_params* params, ggml_tensor* node);

}  // namespace codellama::kernels
