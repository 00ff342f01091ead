// Flash attention in place of ggml's, where the CPU has what it takes. For ggml-cpu.c, which is C.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct ggml_compute_params;
struct ggml_tensor;

#ifdef __cplusplus
extern "C" {
#endif

// Bytes of work memory that an attention needs here; 0 if it is left to ggml.
size_t codellama_attention_work_size(const struct ggml_tensor* attention, int threads);

// Computes an attention; called by all threads. False if it is left to ggml.
bool codellama_attention(const struct ggml_compute_params* params, struct ggml_tensor* attention);

#ifdef __cplusplus
}
#endif
