// Matrix products on the matrix unit (Intel AMX) with operands split into bfloat16 parts. Use of
// the eight tiles: 0 to 3 are accumulators, 4 and 5 hold rows of the left operand, 6 and 7 columns
// of the right operand. With one tile of rows, tiles 2, 3 and 5 stay unused.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace codellama::kernels {

constexpr int kTile = 16;          // rows of a tile, and 32-bit lanes of a row
constexpr int kDepth = 2 * kTile;  // bfloat16s of a row: the inner dimension of one product

// One tile. Each 32-bit lane of a row holds a pair of bfloat16s.
struct alignas(64) Tile {
  __m512i rows[kTile];
};

// A tile of the right operand: fp16 numbers, with 11 significant bits, as two parts.
struct SplitTile {
  Tile high, low;
};

// Two tiles of rows of the left operand: floats, with 24 significant bits, as three parts. Until a
// row is split, its floats fill the first two parts. The extra row keeps equal rows of neighbouring
// objects out of the same cache set.
struct alignas(64) SplitRows {
  enum { kHigh, kMiddle, kLow, kParts };
  float rows[2 * kTile + 1][kParts][kTile];
};

inline __m512 AddHalfOfLastBit(__m512 x) {
  return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(x), _mm512_set1_epi32(0x8000)));
}

inline __m512 ClearLowerHalf(__m512 x) {
  return _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(-0x10000)));
}

inline __m512i PairUpperHalves(__m512 first, __m512 second) {
  constexpr __mmask32 kOdd = 0xAAAAAAAA;
  return _mm512_mask_blend_epi16(kOdd, _mm512_srli_epi32(_mm512_castps_si512(first), 16),
                                 _mm512_castps_si512(second));
}

// Rounds both to bfloat16 and returns the pairs. Leaves the rounding errors in the arguments.
inline __m512i SplitOffHighPart(__m512& first, __m512& second) {
  const __m512 first_part = ClearLowerHalf(AddHalfOfLastBit(first));
  const __m512 second_part = ClearLowerHalf(AddHalfOfLastBit(second));
  first = _mm512_sub_ps(first, first_part);
  second = _mm512_sub_ps(second, second_part);
  return PairUpperHalves(first_part, second_part);
}

inline __m512i LastPart(__m512 first, __m512 second) {
  return PairUpperHalves(AddHalfOfLastBit(first), AddHalfOfLastBit(second));
}

inline void Split(__m512 first, __m512 second, SplitTile* tile, int row) {
  tile->high.rows[row] = SplitOffHighPart(first, second);
  tile->low.rows[row] = LastPart(first, second);
}

inline void Split(__m512 first, __m512 second, SplitRows* rows, int row) {
  auto& parts = rows->rows[row];
  _mm512_store_si512(parts[SplitRows::kHigh], SplitOffHighPart(first, second));
  _mm512_store_si512(parts[SplitRows::kMiddle], SplitOffHighPart(first, second));
  _mm512_store_si512(parts[SplitRows::kLow], LastPart(first, second));
}

// Transposes the 32-bit lanes in place: first 8 by 8 blocks, last single lanes.
inline void Transpose(Tile* tile) {
  const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  __m512i rows[kTile];
#pragma GCC unroll 16
  for (int i = 0; i < kTile; i++) rows[i] = tile->rows[i];
#pragma GCC unroll 4
  for (int size = kTile / 2; size > 0; size /= 2) {
    // Lane numbers from 16 on select from the second row.
    const __mmask16 second_block = _mm512_test_epi32_mask(lane, _mm512_set1_epi32(size));
    const __m512i upper =
        _mm512_mask_add_epi32(lane, second_block, lane, _mm512_set1_epi32(kTile - size));
    const __m512i lower = _mm512_add_epi32(upper, _mm512_set1_epi32(size));
#pragma GCC unroll 16
    for (int i = 0; i < kTile; i++) {
      if (i & size) continue;
      const __m512i first = rows[i], second = rows[i + size];
      rows[i] = _mm512_permutex2var_epi32(first, upper, second);
      rows[i + size] = _mm512_permutex2var_epi32(first, lower, second);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kTile; i++) tile->rows[i] = rows[i];
}

inline void LoadLeft(const SplitRows& rows, int part, bool two_row_tiles) {
  constexpr long kStride = sizeof(rows.rows[0]);
  _tile_loadd(4, rows.rows[0][part], kStride);
  if (two_row_tiles) _tile_loadd(5, rows.rows[kTile][part], kStride);
}

inline void LoadRight(const Tile& first, const Tile& second) {
  _tile_loadd(6, &first, sizeof(__m512i));
  _tile_loadd(7, &second, sizeof(__m512i));
}

// Starts the products of the loaded tiles, and calls `overlapped` while the matrix unit works.
template <class Overlapped>
inline void MultiplyParts(bool two_row_tiles, Overlapped& overlapped) {
  _tile_dpbf16ps(0, 4, 6);
  _tile_dpbf16ps(1, 4, 7);
  if (two_row_tiles) {
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  overlapped();
}

// Products of parts. The sixth one, of the two low parts, is below a float's precision.
constexpr int kProducts = 5;

template <class Overlapped>
inline void Multiply(const SplitRows& left, const SplitTile* right, bool two_row_tiles,
                     Overlapped& overlapped) {
  LoadRight(right[0].low, right[1].low);
  LoadLeft(left, SplitRows::kHigh, two_row_tiles);
  MultiplyParts(two_row_tiles, overlapped);
  LoadLeft(left, SplitRows::kMiddle, two_row_tiles);
  MultiplyParts(two_row_tiles, overlapped);
  LoadRight(right[0].high, right[1].high);
  MultiplyParts(two_row_tiles, overlapped);
  LoadLeft(left, SplitRows::kLow, two_row_tiles);
  MultiplyParts(two_row_tiles, overlapped);
  LoadLeft(left, SplitRows::kHigh, two_row_tiles);
  MultiplyParts(two_row_tiles, overlapped);
}

inline void ZeroAccumulators() {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}

inline void LoadAccumulators(const float* sums, bool two_row_tiles, long columns) {
  const long stride = columns * static_cast<long>(sizeof(float));
  _tile_loadd(0, sums, stride);
  _tile_loadd(1, sums + kTile, stride);
  if (!two_row_tiles) return;
  _tile_loadd(2, sums + kTile * columns, stride);
  _tile_loadd(3, sums + kTile * columns + kTile, stride);
}

inline void StoreAccumulators(float* sums, bool two_row_tiles, long columns) {
  const long stride = columns * static_cast<long>(sizeof(float));
  _tile_stored(0, sums, stride);
  _tile_stored(1, sums + kTile, stride);
  if (!two_row_tiles) return;
  _tile_stored(2, sums + kTile * columns, stride);
  _tile_stored(3, sums + kTile * columns + kTile, stride);
}

}  // namespace codellama::kernels
