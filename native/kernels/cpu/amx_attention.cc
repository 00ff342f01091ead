// Computes the softmax one block of keys at a time: the online softmax of Milakov and Gimelshein
// (arXiv 1805.02867) in the loops of FlashAttention-2 (arXiv 2307.08691).
//
// The matrix unit multiplies bfloat16s, which have 8 significant bits. So each operand is split
// into an exact sum of bfloat16 parts: fp16 keys and values into two, fp32 queries and
// probabilities into three. The accumulators are floats.
#include "amx_attention.h"

#include "ggml-cpu-impl.h"

#if defined(__linux__) && defined(__AMX_BF16__) && defined(__AVX512BW__) && defined(__AVX512DQ__)

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cfloat>

#include "attention_node.h"
#include "attention_problem.h"
#include "bf16_tiles.h"
#include "fp16.h"
#include "rounding.h"

namespace codellama::kernels {
namespace {

constexpr int kMinimumRows = 16;  // below, splitting keys and values costs more than it saves
constexpr int kMaximumHeadSize = 256;

// 2^x with a relative error under 1.6e-7; 0 for minus infinity. The polynomial is the minimax one
// (Remez) of its degree over [0, 1) that is exact at 0.
inline __m512 Exp2(__m512 x) {
  const __m512 fraction = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF);
  __m512 power = _mm512_set1_ps(0.00186713008f);
  for (const float coefficient :
       {0.00901703030f, 0.0557999131f, 0.240164450f, 0.693151312f, 1.0f}) {
    power = _mm512_fmadd_ps(power, fraction, _mm512_set1_ps(coefficient));
  }
  return _mm512_scalef_ps(power, x);
}

// Spreads work on rows evenly over a number of turns.
class Interleaving {
 public:
  Interleaving(int rows, int turns) : rows_(rows), turns_(turns) {}

  template <class Work>
  void Next(Work work) {
    turn_++;
    for (; row_ * turns_ < rows_ * turn_; row_++) work(row_);
  }

  template <class Work>
  void Rest(Work work) {
    for (; row_ < rows_; row_++) work(row_);
  }

 private:
  const int rows_, turns_;
  int row_ = 0, turn_ = 0;
};

// Up to two tiles of query rows, and the groups of a block of keys that any of the rows sees.
struct TilePair {
  int first_row, rows;
  int64_t key;  // first key of the block
  int count;    // visible groups
  int groups[kGroups];
  bool biased[kGroups];
  SplitRows* scores;  // one per group; the probabilities replace them

  bool has_two_row_tiles() const { return rows > kTile; }
};

// --- Query rows that share a KV head ------------------------------------------------------------

class QueryBlock {
 public:
  QueryBlock(const AttentionProblem& problem, const Scratch& scratch,
             const BlockVisibility* visibility, int64_t head, int64_t first_row, int rows)
      : problem_(problem),
        scratch_(scratch),
        depths_(problem.depths),
        head_(head % problem.key->ne[2]),
        stream_(head / problem.key->ne[2]),
        rows_(rows) {
    for (int r = 0; r < rows; r++) StartRow(r, first_row + r, visibility);
    std::fill_n(scratch_.output, rows * problem.head_size, 0.0f);
  }

  void Compute() {
    for (int64_t block = 0; block < problem_.blocks; block++) AddBlock(block);
    for (int r = 0; r < rows_; r++) FinishRow(r);
  }

 private:
  void StartRow(int r, int64_t head_row, const BlockVisibility* visibility) {
    const int64_t rows = problem_.query->ne[1];
    const int64_t i1 = head_row % rows, i2 = head_ * problem_.queries_per_kv_head + head_row / rows;
    int64_t mask_row = 0;
    if (const ggml_tensor* mask = problem_.mask) {
      mask_row = (stream_ % mask->ne[3] * mask->ne[2] + i2 % mask->ne[2]) * rows + i1;
    }
    scratch_.rows[r] = {problem_.MaskRow(mask_row), visibility + mask_row * problem_.blocks,
                        RowOf<float>(problem_.result, i2, i1, stream_), -FLT_MAX, 0};
    SplitQuery(RowOf<const float>(problem_.query, i1, i2, stream_), r);
  }

  void SplitQuery(const float* query, int r) {
    const __m512 scale = _mm512_set1_ps(problem_.scale * kLog2E);
    for (int i = 0; i < depths_; i++, query += kDepth) {
      Split(_mm512_mul_ps(_mm512_loadu_ps(query), scale),
            _mm512_mul_ps(_mm512_loadu_ps(query + kTile), scale),
            &scratch_.queries[r / kTilePairRows * depths_ + i], r % kTilePairRows);
    }
  }

  void AddBlock(int64_t block) {
    split_groups_ = 0;
    TilePair pairs[2];
    const TilePair* current = nullptr;
    for (int r = 0; r < rows_; r += kTilePairRows) {
      const int other = current == &pairs[0];
      TilePair& next = pairs[other];
      next.scores = scratch_.scores[other];
      Prepare(block, r, &next);
      if (next.count == 0) continue;
      Advance(current, &next);
      current = &next;
    }
    if (current) Advance(current, nullptr);
  }

  void Prepare(int64_t block, int first_row, TilePair* pair) {
    pair->first_row = first_row;
    pair->rows = std::min(kTilePairRows, rows_ - first_row);
    pair->key = block * kBlock;
    pair->count = 0;
    BlockVisibility visibility = 0;
    for (int r = 0; r < pair->rows; r++) {
      visibility |= scratch_.rows[first_row + r].visibility[block];
    }
    for (int g = 0; g < kGroups; g++) {
      const BlockVisibility group_visibility = visibility >> (8 * g);
      if (!(group_visibility & kAnyVisible)) continue;
      pair->biased[pair->count] = group_visibility & kAnyBiased;
      pair->groups[pair->count++] = g;
      if (split_groups_ >> g & 1) continue;
      split_groups_ |= 1u << g;
      SplitKeys(pair->key + g * kGroup, scratch_.keys + g * depths_ * 2);
      SplitValues(pair->key + g * kGroup, scratch_.values + g * depths_ * 2);
    }
  }

  // A row of keys or values. Zeros past the last one.
  const Fp16* CachedRow(const ggml_tensor* tensor, int64_t key) const {
    alignas(64) static constexpr Fp16 kZeros[kMaximumHeadSize] = {};
    if (key >= problem_.keys) return kZeros;
    return RowOf<const Fp16>(tensor, key, head_, stream_);
  }

  void SplitKeys(int64_t key, SplitTile* tiles) {
    const Fp16* rows[kGroup];
    for (int r = 0; r < kGroup; r++) rows[r] = CachedRow(problem_.key, key + r);
    for (int i = 0; i < 2 * depths_; i++) {
      for (int r = 0; r < kTile; r++) {
        const Fp16* x = rows[i % 2 * kTile + r] + i / 2 * kDepth;
        Split(LoadFp16(x), LoadFp16(x + kTile), &tiles[i], r);
      }
      Transpose(&tiles[i].high);
      Transpose(&tiles[i].low);
    }
  }

  // Pairs the values of keys that are kTile apart, in the order of the paired probabilities.
  void SplitValues(int64_t key, SplitTile* tiles) {
    const Fp16* rows[kGroup];
    for (int r = 0; r < kGroup; r++) rows[r] = CachedRow(problem_.value, key + r);
    for (int i = 0; i < 2 * depths_; i++) {
      for (int r = 0; r < kTile; r++) {
        Split(LoadFp16(rows[r] + i * kTile), LoadFp16(rows[kTile + r] + i * kTile), &tiles[i], r);
      }
    }
  }

  // The matrix unit multiplies for one pair while the vector units compute the softmax of the
  // other.
  void Advance(const TilePair* current, const TilePair* next) {
    Interleaving exponentials(current ? current->rows : 0,
                              next ? next->count * depths_ * kProducts : 0);
    const auto exponentiate_row = [&](int r) { Exponentiate(*current, r); };
    if (next) MultiplyKeys(*next, [&] { exponentials.Next(exponentiate_row); });
    exponentials.Rest(exponentiate_row);

    Interleaving maxima(next ? next->rows : 0, current ? current->count * depths_ * kProducts : 0);
    const auto raise_maximum_of_row = [&](int r) { RaiseMaximum(*next, r); };
    if (current) MultiplyValues(*current, [&] { maxima.Next(raise_maximum_of_row); });
    maxima.Rest(raise_maximum_of_row);
  }

  template <class Overlapped>
  void MultiplyKeys(const TilePair& pair, Overlapped overlapped) {
    const SplitRows* queries = scratch_.queries + pair.first_row / kTilePairRows * depths_;
    FinishStores();
    for (int j = 0; j < pair.count; j++) {
      const SplitTile* keys = scratch_.keys + pair.groups[j] * depths_ * 2;
      ZeroAccumulators();
      for (int i = 0; i < depths_; i++) {
        Multiply(queries[i], keys + 2 * i, pair.has_two_row_tiles(), overlapped);
      }
      constexpr long kColumns = sizeof(SplitRows::rows[0]) / sizeof(float);
      StoreAccumulators(pair.scores[pair.groups[j]].rows[0][0], pair.has_two_row_tiles(), kColumns);
    }
  }

  template <class Overlapped>
  void MultiplyValues(const TilePair& pair, Overlapped overlapped) {
    FinishStores();
    for (int i = 0; i < depths_; i++) {
      float* output = scratch_.output + pair.first_row * problem_.head_size + i * kDepth;
      LoadAccumulators(output, pair.has_two_row_tiles(), problem_.head_size);
      for (int j = 0; j < pair.count; j++) {
        const int g = pair.groups[j];
        const SplitTile* values = scratch_.values + (g * depths_ + i) * 2;
        Multiply(pair.scores[g], values, pair.has_two_row_tiles(), overlapped);
      }
      StoreAccumulators(output, pair.has_two_row_tiles(), problem_.head_size);
    }
  }

  void RaiseMaximum(const TilePair& pair, int r) {
    QueryRow& row = scratch_.rows[pair.first_row + r];
    __m512 first = _mm512_set1_ps(row.maximum), second = first;
    for (int j = 0; j < pair.count; j++) {
      float* scores = pair.scores[pair.groups[j]].rows[r][0];
      const int64_t key = pair.key + pair.groups[j] * kGroup;
      if (pair.biased[j]) AddMask(row.mask, key, problem_.keys, scores);
      first = _mm512_max_ps(first, _mm512_load_ps(scores));
      second = _mm512_max_ps(second, _mm512_load_ps(scores + kTile));
    }
    const float maximum = _mm512_reduce_max_ps(_mm512_max_ps(first, second));
    if (maximum == row.maximum) return;
    const __m512 factor = Exp2(_mm512_set1_ps(row.maximum - maximum));
    Scale(pair.first_row + r, factor, scratch_.output + (pair.first_row + r) * problem_.head_size);
    row.sum *= _mm512_cvtss_f32(factor);
    row.maximum = maximum;
  }

  void Exponentiate(const TilePair& pair, int r) {
    QueryRow& row = scratch_.rows[pair.first_row + r];
    const __m512 maximum = _mm512_set1_ps(row.maximum);
    __m512 sum = _mm512_setzero_ps();
    for (int j = 0; j < pair.count; j++) {
      SplitRows* scores = &pair.scores[pair.groups[j]];
      const float* row_scores = scores->rows[r][0];
      const __m512 first = Exp2(_mm512_sub_ps(_mm512_load_ps(row_scores), maximum));
      const __m512 second = Exp2(_mm512_sub_ps(_mm512_load_ps(row_scores + kTile), maximum));
      sum = _mm512_add_ps(sum, _mm512_add_ps(first, second));
      Split(first, second, scores, r);
    }
    row.sum += _mm512_reduce_add_ps(sum);
  }

  // A row without visible keys has a sum of 0 and a result of 0.
  void FinishRow(int r) {
    const QueryRow& row = scratch_.rows[r];
    Scale(r, _mm512_set1_ps(row.sum == 0 ? 0 : 1 / row.sum), row.result);
  }

  void Scale(int r, __m512 factor, float* to) const {
    const float* output = scratch_.output + r * problem_.head_size;
    for (int i = 0; i < problem_.head_size; i += kTile) {
      _mm512_storeu_ps(to + i, _mm512_mul_ps(_mm512_load_ps(output + i), factor));
    }
  }

  const AttentionProblem& problem_;
  const Scratch& scratch_;
  const int depths_;
  const int64_t head_, stream_;
  const int rows_;
  unsigned split_groups_ = 0;  // one bit per group of the block whose keys and values are split
};

// Asks Linux for the permission to use tiles. False = refused.
bool RequestTiles() {
  constexpr int kRequestPermission = 0x1023, kTileData = 18;
  static const bool granted = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return granted;
}

}  // namespace

bool IsAmxAttentionSupported(const ggml_tensor* node) {
  const int64_t head_size = node->src[kKey]->ne[0];
  return node->src[kQuery]->ne[1] >= kMinimumRows && head_size % kDepth == 0 &&
         head_size <= kMaximumHeadSize && IsPlainAttention(node) && RequestTiles();
}

size_t AmxAttentionWorkSize(const ggml_tensor* node, int threads) {
  const AttentionProblem problem(node);
  return kCacheLine + Scratch::Size(problem.depths) * threads +
         problem.mask_rows * problem.blocks * sizeof(BlockVisibility);
}

void AmxAttention(const ggml_compute_params* params, ggml_tensor* node) {
  const AttentionProblem problem(node);
  const uintptr_t memory = RoundUpToCacheLine(reinterpret_cast<uintptr_t>(params->wdata));
  const size_t scratch_size = Scratch::Size(problem.depths);
  auto* visibility = reinterpret_cast<BlockVisibility*>(memory + scratch_size * params->nth);
  for (int64_t i = params->ith; i < problem.mask_rows; i += params->nth) {
    ReadVisibility(problem.MaskRow(i), problem.keys, visibility + i * problem.blocks);
  }
  if (params->ith == 0) ggml_threadpool_chunk_set(params->threadpool, params->nth);
  ggml_barrier(params->threadpool);

  const Scratch scratch(memory + scratch_size * params->ith, problem.depths);
  const Partition partition(problem, params->nth);
  ConfigureTiles({kTile, kTile, kTile, kTile, kTile, kTile, kTile, kTile});
  for (int64_t i = params->ith; i < partition.blocks_per_head * problem.heads;
       i = ggml_threadpool_chunk_add(params->threadpool, 1)) {
    // The last rows first: with a causal mask they see most keys.
    const int64_t row = (partition.blocks_per_head - 1 - i / problem.heads) * partition.rows;
    const int64_t rows = std::min(partition.rows, problem.rows_per_kv_head - row);
    QueryBlock(problem, scratch, visibility, i % problem.heads, row, static_cast<int>(rows))
        .Compute();
  }
  _tile_release();
}

}  // namespace codellama::kernels

#else

namespace codellama::kernels {

bool IsAmxAttentionSupported(const ggml_tensor*) { return false; }
size_t AmxAttentionWorkSize(const ggml_tensor*, int) { return 0; }
void AmxAttention(const ggml_compute_params*, ggml_tensor*) {}

}  // namespace codellama::kernels

#endif
