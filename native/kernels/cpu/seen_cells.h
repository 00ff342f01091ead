// Which cells of the KV cache a row of an attention sees, by its mask.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "plain_attention.h"
#include "rounding.h"

namespace codellama::kernels {

constexpr int kLanes = 16;  // floats of a vector, and cells looked at together

// The cells that a row attends to.
struct Cells {
  int32_t* index = nullptr;
  float* bias = nullptr;  // what the mask adds to their scores
  int count = 0;

  static size_t Size(int64_t cells) { return (cells + kLanes) * (sizeof(int32_t) + sizeof(float)); }

  Cells(char* memory, int64_t cells)
      : index(reinterpret_cast<int32_t*>(memory)),
        bias(reinterpret_cast<float*>(index + cells + kLanes)) {}

  Cells() = default;

  void Read(const Half* mask, int cells) {
    count = 0;
    const __m256i hidden = _mm256_set1_epi16(int16_t(kHidden));
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (int cell = 0; cell < cells; cell += kLanes) {
      const __mmask16 inside = cells - cell >= kLanes ? 0xffff : (1u << (cells - cell)) - 1;
      const __m256i halves =
          mask == nullptr ? _mm256_setzero_si256() : _mm256_maskz_loadu_epi16(inside, mask + cell);
      const __mmask16 seen = _mm256_mask_cmpneq_epi16_mask(inside, halves, hidden);
      if (seen == 0) continue;
      const __m512i cell_indices = _mm512_add_epi32(lanes, _mm512_set1_epi32(cell));
      _mm512_storeu_si512(index + count, _mm512_maskz_compress_epi32(seen, cell_indices));
      _mm512_storeu_ps(bias + count, _mm512_maskz_compress_ps(seen, _mm512_cvtph_ps(halves)));
      count += _mm_popcnt_u32(seen);
    }
    // Whole vectors: what is too much is the last cell again, with no weight.
    const int end = padded_count();
    std::fill(index + count, index + end, count == 0 ? 0 : index[count - 1]);
    std::fill(bias + count, bias + end, -INFINITY);
  }

  int padded_count() const { return int(DivideUp(count, kLanes)) * kLanes; }

  // Whether another row sees these cells first, and then perhaps others.
  bool AreFirstOf(const Cells& others) const {
    return count > 0 && count <= others.count && std::equal(index, index + count, others.index);
  }

  // Lets the row be computed along with one that sees more.
  void HideUpTo(int end) { std::fill(bias + count, bias + std::max(count, end), -INFINITY); }
};

}  // namespace codellama::kernels
