// What amx_attention.cc works on: the operands, the visibility of keys, the partition among
// threads, and a thread's work memory.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstdint>

#include "attention_node.h"
#include "bf16_tiles.h"
#include "ggml.h"
#include "rounding.h"

namespace codellama::kernels {

constexpr int kTilePairRows = 2 * kTile;  // query rows that are multiplied together
constexpr int kQueryBlockRows = 512;      // query rows that share one split of keys and values
constexpr int kQueryBlocksPerThread = 2;
constexpr int kGroup = kDepth;            // keys that are skipped together when none is visible
constexpr int kGroups = 4;                // groups in a block
constexpr int kBlock = kGroups * kGroup;  // keys between two updates of the maximum
constexpr float kLog2E = 1.44269504f;

struct AttentionProblem {
  const ggml_tensor *query, *key, *value, *mask, *result;  // mask may be null
  int head_size, depths;  // elements of a head, and the same in units of kDepth
  int64_t keys, blocks;
  int64_t heads;                // KV heads of all streams
  int64_t queries_per_kv_head;  // query heads that share a KV head
  int64_t rows_per_kv_head;     // query rows of these heads
  int64_t mask_rows;
  float scale;

  explicit AttentionProblem(const ggml_tensor* node)
      : query(node->src[kQuery]),
        key(node->src[kKey]),
        value(node->src[kValue]),
        mask(node->src[kMask]),
        result(node),
        head_size(static_cast<int>(key->ne[0])),
        depths(head_size / kDepth),
        keys(key->ne[1]),
        blocks(DivideUp(keys, kBlock)),
        heads(key->ne[2] * query->ne[3]),
        queries_per_kv_head(query->ne[2] / key->ne[2]),
        rows_per_kv_head(queries_per_kv_head * query->ne[1]),
        mask_rows(mask ? query->ne[1] * mask->ne[2] * mask->ne[3] : 1),
        scale(AttentionScale(node)) {}

  const Fp16* MaskRow(int64_t i) const {
    if (!mask) return nullptr;
    const int64_t rows = query->ne[1], head = i / rows;
    return RowOf<const Fp16>(mask, i % rows, head % mask->ne[2], head / mask->ne[2]);
  }
};

// Visibility mask of one row over a block, one byte per group. kAnyVisible: the group has a visible
// key. kAnyBiased: the mask changes a score of the group.
using BlockVisibility = uint32_t;
constexpr int kAnyVisible = 1, kAnyBiased = 2;
static_assert(sizeof(BlockVisibility) == kGroups, "one byte per group");

// The mask values of the group that starts at `key`. Keys past the last one are hidden. Null mask =
// all keys are visible.
inline __m512i LoadMask(const Fp16* mask, int64_t key, int64_t keys) {
  const __mmask32 exists = keys - key >= kGroup ? ~0u : (1u << (keys - key)) - 1;
  const __m512i hidden = _mm512_set1_epi16(static_cast<short>(kHidden));
  if (!mask) return _mm512_mask_blend_epi16(exists, hidden, _mm512_setzero_si512());
  return _mm512_mask_loadu_epi16(hidden, exists, mask + key);
}

// Adds the mask values of a group to its scores, which are base-2 exponents.
inline void AddMask(const Fp16* mask, int64_t key, int64_t keys, float* scores) {
  const __m512i biases = LoadMask(mask, key, keys);
  const __m512 first = _mm512_cvtph_ps(_mm512_castsi512_si256(biases));
  const __m512 second = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(biases, 1));
  const __m512 unit = _mm512_set1_ps(kLog2E);
  _mm512_store_ps(scores, _mm512_fmadd_ps(first, unit, _mm512_load_ps(scores)));
  _mm512_store_ps(scores + kTile, _mm512_fmadd_ps(second, unit, _mm512_load_ps(scores + kTile)));
}

// Fills one BlockVisibility per block.
inline void ReadVisibility(const Fp16* mask, int64_t keys, BlockVisibility* visibility) {
  const __m512i hidden = _mm512_set1_epi16(static_cast<short>(kHidden));
  for (int64_t block = 0; block < keys; block += kBlock) {
    BlockVisibility block_visibility = 0;
    for (int g = 0; g < kGroups && block + g * kGroup < keys; g++) {
      const __m512i biases = LoadMask(mask, block + g * kGroup, keys);
      const int any_visible = _mm512_cmpneq_epi16_mask(biases, hidden) ? kAnyVisible : 0;
      const int any_biased = _mm512_test_epi16_mask(biases, biases) ? kAnyBiased : 0;
      block_visibility |= static_cast<BlockVisibility>(any_visible | any_biased) << (8 * g);
    }
    *visibility++ = block_visibility;
  }
}

// Query blocks: the unit of work that a thread takes. The rows of one KV head form several blocks.
struct Partition {
  int64_t rows;  // query rows in a block
  int64_t blocks_per_head;

  Partition(const AttentionProblem& problem, int threads) {
    const int64_t pairs = DivideUp(problem.rows_per_kv_head, kTilePairRows);
    const int64_t wanted =
        threads > 1 ? DivideUp(threads * kQueryBlocksPerThread, problem.heads) : 1;
    const int64_t needed = DivideUp(problem.rows_per_kv_head, kQueryBlockRows);
    rows = DivideUp(pairs, std::min(pairs, std::max(wanted, needed))) * kTilePairRows;
    blocks_per_head = DivideUp(problem.rows_per_kv_head, rows);
  }
};

struct QueryRow {
  const Fp16* mask;
  const BlockVisibility* visibility;
  float* result;
  float maximum;  // of the scores so far, which are base-2 exponents
  float sum;      // of 2^(score - maximum)
};

// Work memory of one thread.
struct Scratch {
  SplitRows* queries;    // [rows / 32][depths]
  SplitTile* keys;       // [groups][depths][2]
  SplitTile* values;     // [groups][depths][2]
  float* output;         // [rows][head size]
  SplitRows* scores[2];  // [groups]
  QueryRow* rows;

  Scratch(uintptr_t begin, int depths) : end_(begin) {
    Take(kQueryBlockRows / kTilePairRows * depths, &queries);
    Take(kGroups * depths * 2, &keys);
    Take(kGroups * depths * 2, &values);
    Take(kQueryBlockRows * depths * kDepth, &output);
    Take(kGroups, &scores[0]);
    Take(kGroups, &scores[1]);
    Take(kQueryBlockRows, &rows);
  }

  static size_t Size(int depths) { return Scratch(0, depths).end_; }

 private:
  template <class T>
  void Take(int count, T** array) {
    *array = reinterpret_cast<T*>(end_);
    end_ += RoundUpToCacheLine(count * sizeof(T));
  }

  uintptr_t end_;
};

}  // namespace codellama::kernels
