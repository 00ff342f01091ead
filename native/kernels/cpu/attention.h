// Flash attention that replaces ggml's on CPUs with AVX-512 or AMX. ggml-cpu.c calls it, in C.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct ggml_compute_params;
struct ggml_tensor;

#ifdef __cplusplus
extern "C" {
#endif

// Bytes of work memory for this node. 0 = ggml computes it.
size_t codellama_attention_work_size(const struct ggml_tensor* attention, int threads);

// Computes the node. Every thread of the pool calls it. False = ggml must compute the node.
bool codellama_attention(const struct ggml_compute_params* params, struct ggml_tensor* attention);

#ifdef __cplusplus
}
#endif
