// The parts of amx_attention.cc's problem: the operands, which keys a row sees, the rows that a
// thread takes at once, and its work memory.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstdint>

#include "bf16_tiles.h"
#include "ggml.h"
#include "plain_attention.h"
#include "rounding.h"

namespace codellama::kernels {

constexpr int kStepRows = 2 * kTile;  // query rows that are computed together
constexpr int kItemRows = 512;        // query rows for which keys and values are split once
constexpr int kItemsPerThread = 2;
constexpr int kGroup = kDepth;            // keys that are skipped together
constexpr int kGroups = 4;                // of a block
constexpr int kBlock = kGroups * kGroup;  // keys between two looks at the maximum
constexpr float kLog2E = 1.44269504f;

struct Problem {
  const ggml_tensor *query, *key, *value, *mask, *result;
  int head_size, depths;  // of a head, in elements and in products' depths
  int64_t keys, blocks;
  int64_t heads;      // of keys, in all streams
  int64_t sharing;    // heads of queries to one of keys
  int64_t head_rows;  // query rows of these
  int64_t mask_rows;
  float scale;

  explicit Problem(const ggml_tensor* node)
      : query(node->src[kQuery]),
        key(node->src[kKey]),
        value(node->src[kValue]),
        mask(node->src[kMask]),
        result(node),
        head_size(int(key->ne[0])),
        depths(head_size / kDepth),
        keys(key->ne[1]),
        blocks(DivideUp(keys, kBlock)),
        heads(key->ne[2] * query->ne[3]),
        sharing(query->ne[2] / key->ne[2]),
        head_rows(sharing * query->ne[1]),
        mask_rows(mask ? query->ne[1] * mask->ne[2] * mask->ne[3] : 1),
        scale(AttentionScale(node)) {}

  const Half* MaskRow(int64_t i) const {
    if (!mask) return nullptr;
    const int64_t rows = query->ne[1], head = i / rows;
    return RowOf<const Half>(mask, i % rows, head % mask->ne[2], head / mask->ne[2]);
  }
};

// What a row sees of a block: a byte for each group.
using Sight = uint32_t;
constexpr int kSeesAny = 1, kIsMasked = 2;
static_assert(sizeof(Sight) == kGroups, "a byte for each group");

// The mask of a group. Keys that don't exist are hidden; without a mask all others are seen.
inline __m512i LoadMask(const Half* mask, int64_t key, int64_t keys) {
  const __mmask32 exists = keys - key >= kGroup ? ~0u : (1u << (keys - key)) - 1;
  const __m512i hidden = _mm512_set1_epi16(short(kHidden));
  if (!mask) return _mm512_mask_blend_epi16(exists, hidden, _mm512_setzero_si512());
  return _mm512_mask_loadu_epi16(hidden, exists, mask + key);
}

inline void AddMask(const Half* mask, int64_t key, int64_t keys, float* scores) {
  const __m512i halves = LoadMask(mask, key, keys);
  const __m512 first = _mm512_cvtph_ps(_mm512_castsi512_si256(halves));
  const __m512 second = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(halves, 1));
  const __m512 unit = _mm512_set1_ps(kLog2E);
  _mm512_store_ps(scores, _mm512_fmadd_ps(first, unit, _mm512_load_ps(scores)));
  _mm512_store_ps(scores + kTile, _mm512_fmadd_ps(second, unit, _mm512_load_ps(scores + kTile)));
}

inline void LookThrough(const Half* mask, int64_t keys, Sight* sight) {
  const __m512i hidden = _mm512_set1_epi16(short(kHidden));
  for (int64_t block = 0; block < keys; block += kBlock) {
    Sight of_block = 0;
    for (int g = 0; g < kGroups && block + g * kGroup < keys; g++) {
      const __m512i halves = LoadMask(mask, block + g * kGroup, keys);
      const int sees_any = _mm512_cmpneq_epi16_mask(halves, hidden) ? kSeesAny : 0;
      const int is_masked = _mm512_test_epi16_mask(halves, halves) ? kIsMasked : 0;
      of_block |= Sight(sees_any | is_masked) << (8 * g);
    }
    *sight++ = of_block;
  }
}

// Which rows of which head of keys a thread takes at once.
struct Division {
  int64_t rows, parts;

  Division(const Problem& problem, int threads) {
    const int64_t steps = DivideUp(problem.head_rows, kStepRows);
    const int64_t wanted = threads > 1 ? DivideUp(threads * kItemsPerThread, problem.heads) : 1;
    const int64_t needed = DivideUp(problem.head_rows, kItemRows);
    rows = DivideUp(steps, std::min(steps, std::max(wanted, needed))) * kStepRows;
    parts = DivideUp(problem.head_rows, rows);
  }
};

struct Row {
  const Half* mask;
  const Sight* sight;
  float* result;
  float maximum;  // of the scores, which are exponents of 2
  float sum;      // of the probabilities, as long as they are relative to the maximum
};

// A thread's part of the work memory.
struct Scratch {
  SplitRows* queries;    // [rows / 32][depths]
  SplitTile* keys;       // [groups][depths][2]
  SplitTile* values;     // [groups][depths][2]
  float* output;         // [rows][head size]
  SplitRows* scores[2];  // [groups]
  Row* rows;

  Scratch(uintptr_t begin, int depths) : end_(begin) {
    Take(kItemRows / kStepRows * depths, &queries);
    Take(kGroups * depths * 2, &keys);
    Take(kGroups * depths * 2, &values);
    Take(kItemRows * depths * kDepth, &output);
    Take(kGroups, &scores[0]);
    Take(kGroups, &scores[1]);
    Take(kItemRows, &rows);
  }

  static size_t Size(int depths) { return Scratch(0, depths).end_; }

 private:
  template <class T>
  void Take(int count, T** array) {
    *array = reinterpret_cast<T*>(end_);
    end_ += ToCacheLine(count * sizeof(T));
  }

  uintptr_t end_;
};

}  // namespace codellama::kernels
