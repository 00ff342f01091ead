// Quantizes activations to ggml's Q8_K: 8 bits per element, one scale per 256 elements. Gives the
// same numbers as quantize_row_q8_K_ref (ggml/src/ggml-quants.c), which is scalar.
#pragma once

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VNNI__)

#include <immintrin.h>

namespace codellama::kernels {

// 256 quantized elements of a row.
struct Q8Block {
  __m512i quants[4];  // int8
  __m256i sums;       // int16, one per 16 quants
  float scale;
};

// The element with the largest magnitude, with its sign. The first one wins a tie.
inline float LargestOf256(const float* x) {
  __m512 largest = _mm512_setzero_ps();
  // max(NaN, largest) is `largest` in this operand order.
  for (int i = 0; i < 16; i++) {
    largest = _mm512_max_ps(_mm512_abs_ps(_mm512_loadu_ps(x + 16 * i)), largest);
  }
  const __m512 magnitude = _mm512_set1_ps(_mm512_reduce_max_ps(largest));
  for (int i = 0; i < 16; i++) {
    const __m512 elements = _mm512_loadu_ps(x + 16 * i);
    const __mmask16 found = _mm512_cmp_ps_mask(_mm512_abs_ps(elements), magnitude, _CMP_EQ_OQ);
    if (found != 0) return _mm512_cvtss_f32(_mm512_maskz_compress_ps(found, elements));
  }
  return 0.0f;
}

// Sums of every 16 of 256 int8, as int16.
inline __m256i SumsOf16(const __m512i quants[4]) {
  __m512i sums[4];
  for (int i = 0; i < 4; i++) {
    const __m512i ones = _mm512_set1_epi8(1);
    const __m512i sums_of_4 = _mm512_dpbusd_epi32(_mm512_setzero_si512(), ones, quants[i]);
    const __m512i sums_of_8 =
        _mm512_add_epi32(sums_of_4, _mm512_shuffle_epi32(sums_of_4, _MM_PERM_CDAB));
    sums[i] = _mm512_add_epi32(sums_of_8, _mm512_shuffle_epi32(sums_of_8, _MM_PERM_BADC));
  }
  // Each 128-bit lane holds one sum four times. Element i of a lane is taken from vector i.
  __m512i mixed = _mm512_mask_blend_epi32(0x2222, sums[0], sums[1]);
  mixed = _mm512_mask_blend_epi32(0x4444, mixed, sums[2]);
  mixed = _mm512_mask_blend_epi32(0x8888, mixed, sums[3]);
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_cvtepi32_epi16(_mm512_permutexvar_epi32(order, mixed));
}

inline Q8Block Quantize256(const float* x) {
  const float largest = LargestOf256(x);
  if (largest == 0.0f) return Q8Block{};

  Q8Block block;
  const float to_quants = -127.0f / largest;
  const __m512 factor = _mm512_set1_ps(to_quants);
  for (int i = 0; i < 4; i++) {
    __m128i part[4];
    for (int j = 0; j < 4; j++) {
      const __m512 scaled = _mm512_mul_ps(factor, _mm512_loadu_ps(x + 64 * i + 16 * j));
      part[j] = _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(scaled));
    }
    __m512i quants = _mm512_castsi128_si512(part[0]);
    quants = _mm512_inserti32x4(quants, part[1], 1);
    quants = _mm512_inserti32x4(quants, part[2], 2);
    block.quants[i] = _mm512_inserti32x4(quants, part[3], 3);
  }
  block.sums = SumsOf16(block.quants);
  block.scale = 1.0f / to_quants;
  return block;
}

}  // namespace codellama::kernels

#endif
