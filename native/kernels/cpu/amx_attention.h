// Prefill attention on CPUs with a matrix unit (Intel AMX). Replaces ggml's.
#pragma once

#include <cstddef>

struct ggml_compute_params;
struct ggml_tensor;

namespace codellama::kernels {

// Whether AmxAttention() can compute this GGML_OP_FLASH_ATTN_EXT node on this CPU: at least 16
// query rows, fp16 keys and values, no sinks, no ALiBi, no soft cap.
bool IsAmxAttentionSupported(const ggml_tensor* node);

// Bytes of work memory for a supported node.
size_t AmxAttentionWorkSize(const ggml_tensor* node, int threads);

// Computes a supported node. Every thread of the pool calls it. The result of a row depends neither
// on the number of threads nor on the other rows.
void AmxAttention(const ggml_compute_params* params, ggml_tensor* node);

}  // namespace codellama::kernels
