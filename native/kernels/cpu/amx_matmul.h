// Multiplies several rows with weights that ggml packed for AMX (ggml-cpu/amx/mmq.cpp). Replaces
// ggml's kernel, except for a single row.
#pragma once

#include <cstddef>

struct ggml_compute_params;
struct ggml_tensor;

namespace codellama::kernels {

// Whether AmxMatmul() supports weights of this type and shape: Q4_K, Q5_K or Q6_K, which most files
// of Code Llama consist of, with a multiple of 16 rows. Code Llama's vocabulary has 32,016 rows.
bool IsAmxMatmulSupported(const ggml_tensor* weights);

// Bytes of work memory for this product. 0 = ggml computes it.
size_t AmxMatmulWorkSize(const ggml_tensor* product, int threads);

// Computes a product of at least two rows with supported weights. Every thread of the pool calls
// it. False = ggml must compute the product. Adds in the order of ggml's kernel for a single row,
// so the result for a token does not depend on the number of tokens in the batch.
bool AmxMatmul(const ggml_compute_params* params, ggml_tensor* product);

// Gives the same numbers as ggml's quantize_row_q8_K, faster.
void QuantizeRowQ8K(const float* x, void* y, long columns);

}  // namespace codellama::kernels
