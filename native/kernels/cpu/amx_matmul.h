// Products of several rows with weights that ggml packed for AMX (ggml-cpu/amx/mmq.cpp), in place
// of its own kernel; a single row, as in decoding, stays with it.
#pragma once

#include <cstddef>

struct ggml_compute_params;
struct ggml_tensor;

namespace codellama::kernels {

// Whether weights of this type and shape are multiplied here: Q4_K, Q5_K and Q6_K, what the usual
// files of Code Llama are made of. They need rows in multiples of 16 only: Code Llama's vocabulary
// has 32,016.
bool IsAmxMatmulSupported(const ggml_tensor* weights);

// Bytes of work memory that the product needs.
size_t AmxMatmulWorkSize(const ggml_tensor* product, int threads);

// Computes the product if it has several rows of weights that are taken; false if not. Each sum is
// made in the order of ggml's kernel for a single row, so that a token's numbers do not depend on
// how many are computed with it.
bool AmxMatmul(const ggml_compute_params* params, ggml_tensor* product);

// ggml's quantize_row_q8_K, faster.
void QuantizeRowQ8K(const float* x, void* y, long columns);

}  // namespace codellama::kernels
