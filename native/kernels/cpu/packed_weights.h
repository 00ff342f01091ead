// ggml's packing of K-quants for AMX (pack_B in ggml-cpu/amx/mmq.cpp). A block has 16 columns of
// 256 weights. A tile row of 64 bytes holds four neighbouring weights of each column. Two tile rows
// share 64 bytes: one has the low nibbles, the other the high nibbles.
//
// Expand() multiplies each quant with the scale of its group. The integer result is split over two
// tiles of 8 bits: (high << kHighShift) + low. AMX then adds all 256 products of a block. ggml
// instead takes the sum of every group out of the tile to scale it.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace codellama::kernels {

constexpr int kTileColumns = 16;
constexpr int kTileDepth = 64;                    // weights of a column in one tile
constexpr int kTilesPerBlock = 256 / kTileDepth;  // tiles in a block

// One block, expanded for the tiles.
struct alignas(64) WeightTiles {
  __m512i low[kTilesPerBlock][kTileDepth / 4];
  __m512i high[kTilesPerBlock][kTileDepth / 4];
};

// Duplicates 16-bit numbers into both halves of their 32-bit lanes.
inline __m512i DuplicateInHalves(__m512i numbers) {
  return _mm512_or_si512(_mm512_slli_epi32(numbers, 16),
                         _mm512_and_si512(numbers, _mm512_set1_epi32(0xffff)));
}

inline __m512i LoadBytes(const uint8_t* bytes) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
}

inline __m512i LowNibbles(__m512i bytes) { return _mm512_and_si512(bytes, _mm512_set1_epi8(0x0f)); }

inline __m512i HighNibbles(__m512i bytes) { return LowNibbles(_mm512_srli_epi16(bytes, 4)); }

// A 6-bit scale as two digits of 3 bits. A digit times a quant of at most 31 stays below 256, so
// two products fit into 16 bits without a carry.
struct ScaleDigits {
  __m512i low, high;

  explicit ScaleDigits(const uint8_t* scales) {
    const __m512i both = DuplicateInHalves(LoadBytes(scales));
    const __m512i digit = _mm512_set1_epi16(7);
    low = _mm512_and_si512(both, digit);
    high = _mm512_and_si512(_mm512_srli_epi16(both, 3), digit);
  }
};

struct PackedQ4K {
  uint8_t quants[kTilesPerBlock][8][64];
  uint8_t scales[8][kTileColumns];
  int8_t mins[4][kTileColumns][2];
  uint16_t scale[kTileColumns];
  uint16_t min_scale[kTileColumns];

  static constexpr int kHighShift = 3;
  static constexpr bool kHighIsSigned = false;
  static constexpr bool kHasMins = true;

  void Expand(WeightTiles& tiles) const {
    for (int tile = 0; tile < kTilesPerBlock; tile++) {
      for (int group = 0; group < 2; group++) {
        const ScaleDigits scale(scales[2 * tile + group]);
        for (int i = 4 * group; i < 4 * group + 4; i++) {
          const __m512i bytes = _mm512_loadu_si512(quants[tile][i]);
          const __m512i even = LowNibbles(bytes);
          const __m512i odd = HighNibbles(bytes);
          tiles.low[tile][2 * i] = _mm512_mullo_epi16(even, scale.low);
          tiles.low[tile][2 * i + 1] = _mm512_mullo_epi16(odd, scale.low);
          tiles.high[tile][2 * i] = _mm512_mullo_epi16(even, scale.high);
          tiles.high[tile][2 * i + 1] = _mm512_mullo_epi16(odd, scale.high);
        }
      }
    }
  }
};

struct PackedQ5K {
  uint8_t quants[kTilesPerBlock][8][64];
  uint8_t fifth_bits[8][64];  // bit i belongs to row i of the group
  uint8_t scales[8][kTileColumns];
  int8_t mins[4][kTileColumns][2];
  uint16_t scale[kTileColumns];
  uint16_t min_scale[kTileColumns];

  static constexpr int kHighShift = 3;
  static constexpr bool kHighIsSigned = false;
  static constexpr bool kHasMins = true;

  void Expand(WeightTiles& tiles) const {
    const __m512i fifth = _mm512_set1_epi8(0x10);
    for (int tile = 0; tile < kTilesPerBlock; tile++) {
      for (int group = 0; group < 2; group++) {
        const ScaleDigits scale(scales[2 * tile + group]);
        const __m512i bits = _mm512_loadu_si512(fifth_bits[2 * tile + group]);
        for (int row = 0; row < 8; row++) {
          const __m512i bytes = _mm512_loadu_si512(quants[tile][4 * group + row / 2]);
          const __m512i four_bits = row % 2 == 0 ? LowNibbles(bytes) : HighNibbles(bytes);
          const __m512i moved =
              row < 4 ? _mm512_slli_epi16(bits, 4 - row) : _mm512_srli_epi16(bits, row - 4);
          const __m512i quant = _mm512_or_si512(four_bits, _mm512_and_si512(moved, fifth));
          tiles.low[tile][8 * group + row] = _mm512_mullo_epi16(quant, scale.low);
          tiles.high[tile][8 * group + row] = _mm512_mullo_epi16(quant, scale.high);
        }
      }
    }
  }
};

struct PackedQ6K {
  uint8_t quants[16][2][64];
  uint8_t upper_bits[16][64];  // two bits per row of the group
  int8_t scales[16][kTileColumns];
  uint16_t scale[kTileColumns];

  static constexpr int kHighShift = 8;
  static constexpr bool kHighIsSigned = true;
  static constexpr bool kHasMins = false;

  void Expand(WeightTiles& tiles) const {
    const __m512i upper = _mm512_set1_epi8(0x30);
    for (int group = 0; group < 16; group++) {
      const __m512i scale = DuplicateInHalves(
          _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(scales[group]))));
      const __m512i bits = _mm512_loadu_si512(upper_bits[group]);
      const __m512i first = _mm512_loadu_si512(quants[group][0]);
      const __m512i second = _mm512_loadu_si512(quants[group][1]);
      const __m512i four_bits[4] = {LowNibbles(first), HighNibbles(first), LowNibbles(second),
                                    HighNibbles(second)};
      const __m512i moved[4] = {_mm512_slli_epi16(bits, 4), _mm512_slli_epi16(bits, 2), bits,
                                _mm512_srli_epi16(bits, 2)};
      const int tile = group / 4;
      for (int i = 0; i < 4; i++) {
        const __m512i quant = _mm512_or_si512(four_bits[i], _mm512_and_si512(moved[i], upper));
        Split(quant, scale, tiles.low[tile][4 * (group % 4) + i],
              tiles.high[tile][4 * (group % 4) + i]);
      }
    }
  }

 private:
  // (quant - 32) * scale has up to 13 bits including the sign: high * 256 + low.
  static void Split(__m512i quants, __m512i scale, __m512i& low, __m512i& high) {
    const __m512i even_bytes = _mm512_set1_epi16(0xff);
    const __m512i offset = _mm512_set1_epi16(32);
    const __m512i even =
        _mm512_mullo_epi16(_mm512_sub_epi16(_mm512_and_si512(quants, even_bytes), offset), scale);
    const __m512i odd =
        _mm512_mullo_epi16(_mm512_sub_epi16(_mm512_srli_epi16(quants, 8), offset), scale);
    low = _mm512_mask_blend_epi8(kEvenBytes, _mm512_slli_epi16(odd, 8), even);
    high = _mm512_mask_blend_epi8(kEvenBytes, odd, _mm512_srli_epi16(even, 8));
  }

  static constexpr __mmask64 kEvenBytes = 0x5555555555555555;
};

static_assert(sizeof(PackedQ4K) == 16 * 144 + 64);
static_assert(sizeof(PackedQ5K) == 16 * 176 + 64);
static_assert(sizeof(PackedQ6K) == 16 * 210);

}  // namespace codellama::kernels
