// The KV cells that the mask lets a query row attend to.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "attention_node.h"
#include "rounding.h"

namespace codellama::kernels {

constexpr int kLanes = 16;  // floats in a vector, and cells per pass over the mask

// The visible cells of one query row, compacted. The arrays lie in ggml's work memory.
struct VisibleCells {
  int32_t* index = nullptr;
  float* bias = nullptr;  // the mask's value for each cell, added to its score
  int count = 0;          // without padding

  // Bytes of work memory for a KV cache of `cells` cells.
  static size_t Size(int64_t cells) { return (cells + kLanes) * (sizeof(int32_t) + sizeof(float)); }

  VisibleCells(char* memory, int64_t cells)
      : index(reinterpret_cast<int32_t*>(memory)),
        bias(reinterpret_cast<float*>(index + cells + kLanes)) {}

  VisibleCells() = default;

  // Null mask = all cells are visible.
  void Read(const Fp16* mask, int cells) {
    count = 0;
    const __m256i hidden = _mm256_set1_epi16(static_cast<int16_t>(kHidden));
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (int cell = 0; cell < cells; cell += kLanes) {
      const __mmask16 inside = cells - cell >= kLanes ? 0xffff : (1u << (cells - cell)) - 1;
      const __m256i halves =
          mask == nullptr ? _mm256_setzero_si256() : _mm256_maskz_loadu_epi16(inside, mask + cell);
      const __mmask16 visible = _mm256_mask_cmpneq_epi16_mask(inside, halves, hidden);
      if (visible == 0) continue;
      const __m512i cell_indices = _mm512_add_epi32(lanes, _mm512_set1_epi32(cell));
      _mm512_storeu_si512(index + count, _mm512_maskz_compress_epi32(visible, cell_indices));
      _mm512_storeu_ps(bias + count, _mm512_maskz_compress_ps(visible, _mm512_cvtph_ps(halves)));
      count += _mm_popcnt_u32(visible);
    }
    // Fills the last vector: the last cell again, with a weight of 0.
    const int end = padded_count();
    std::fill(index + count, index + end, count == 0 ? 0 : index[count - 1]);
    std::fill(bias + count, bias + end, -INFINITY);
  }

  int padded_count() const { return static_cast<int>(DivideUp(count, kLanes)) * kLanes; }

  // Whether the cells are a non-empty prefix of another row's cells.
  bool IsPrefixOf(const VisibleCells& others) const {
    return count > 0 && count <= others.count && std::equal(index, index + count, others.index);
  }

  // Pads with cells of weight 0, so that the row can share a pass with a row of more cells.
  void PadTo(int end) { std::fill(bias + count, bias + std::max(count, end), -INFINITY); }
};

}  // namespace codellama::kernels
