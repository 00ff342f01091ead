// Softmax is computed along with the products, a block of keys at a time: the online softmax of
// Milakov and Gimelshein (arXiv 1805.02867), with the loops of FlashAttention-2 (arXiv 2307.08691).
//
// The matrix unit multiplies bfloat16s, which have 8 significant bits, so that each factor is a sum
// of such parts, and exactly that: keys and values, which are halves, of two; queries and
// probabilities, which are floats, of three. Products are added up as floats.
#include "amx_attention.h"

#include "ggml-cpu-impl.h"

#if defined(__linux__) && defined(__AMX_BF16__) && defined(__AVX512BW__) && defined(__AVX512DQ__)

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cfloat>

#include "attention_problem.h"
#include "bf16_tiles.h"
#include "halves.h"
#include "plain_attention.h"
#include "rounding.h"

namespace codellama::kernels {
namespace {

constexpr int kMinimumRows = 16;  // with fewer, what is split is used too little
constexpr int kMaximumHeadSize = 256;

// 2^x with a relative error under 1.6e-7; 0 for minus infinity. Of the polynomials of its degree
// that are exact at 0 this one is the best (Remez) for fractions.
inline __m512 Exp2(__m512 x) {
  const __m512 fraction = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF);
  __m512 power = _mm512_set1_ps(0.00186713008f);
  for (const float coefficient :
       {0.00901703030f, 0.0557999131f, 0.240164450f, 0.693151312f, 1.0f}) {
    power = _mm512_fmadd_ps(power, fraction, _mm512_set1_ps(coefficient));
  }
  return _mm512_scalef_ps(power, x);
}

// Rows, spread evenly over turns.
class Turns {
 public:
  Turns(int rows, int turns) : rows_(rows), turns_(turns) {}

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

// Two tiles of rows, or what is left of them, and what they see of a block of keys.
struct Step {
  int first_row, rows;
  int64_t key;
  int count;
  int groups[kGroups];
  bool masked[kGroups];
  SplitRows* scores;  // of each group, and then the probabilities

  bool both() const { return rows > kTile; }
};

// --- Query rows that share a head of keys -------------------------------------------------------

class Item {
 public:
  Item(const Problem& problem, const Scratch& scratch, const Sight* sight, int64_t head,
       int64_t first_row, int rows)
      : problem_(problem),
        scratch_(scratch),
        depths_(problem.depths),
        head_(head % problem.key->ne[2]),
        stream_(head / problem.key->ne[2]),
        rows_(rows) {
    for (int r = 0; r < rows; r++) BeginRow(r, first_row + r, sight);
    std::fill_n(scratch_.output, rows * problem.head_size, 0.0f);
  }

  void Compute() {
    for (int64_t block = 0; block < problem_.blocks; block++) AddBlock(block);
    for (int r = 0; r < rows_; r++) FinishRow(r);
  }

 private:
  void BeginRow(int r, int64_t head_row, const Sight* sight) {
    const int64_t rows = problem_.query->ne[1];
    const int64_t i1 = head_row % rows, i2 = head_ * problem_.sharing + head_row / rows;
    int64_t mask_row = 0;
    if (const ggml_tensor* mask = problem_.mask) {
      mask_row = (stream_ % mask->ne[3] * mask->ne[2] + i2 % mask->ne[2]) * rows + i1;
    }
    scratch_.rows[r] = {problem_.MaskRow(mask_row), sight + mask_row * problem_.blocks,
                        RowOf<float>(problem_.result, i2, i1, stream_), -FLT_MAX, 0};
    SplitQuery(RowOf<const float>(problem_.query, i1, i2, stream_), r);
  }

  void SplitQuery(const float* query, int r) {
    const __m512 scale = _mm512_set1_ps(problem_.scale * kLog2E);
    for (int i = 0; i < depths_; i++, query += kDepth) {
      Split(_mm512_mul_ps(_mm512_loadu_ps(query), scale),
            _mm512_mul_ps(_mm512_loadu_ps(query + kTile), scale),
            &scratch_.queries[r / kStepRows * depths_ + i], r % kStepRows);
    }
  }

  void AddBlock(int64_t block) {
    split_groups_ = 0;
    Step steps[2];
    const Step* current = nullptr;
    for (int r = 0; r < rows_; r += kStepRows) {
      const int other = current == &steps[0];
      Step& next = steps[other];
      next.scores = scratch_.scores[other];
      Prepare(block, r, &next);
      if (next.count == 0) continue;
      Advance(current, &next);
      current = &next;
    }
    if (current) Advance(current, nullptr);
  }

  void Prepare(int64_t block, int first_row, Step* step) {
    step->first_row = first_row;
    step->rows = std::min(kStepRows, rows_ - first_row);
    step->key = block * kBlock;
    step->count = 0;
    Sight sight = 0;
    for (int r = 0; r < step->rows; r++) sight |= scratch_.rows[first_row + r].sight[block];
    for (int g = 0; g < kGroups; g++) {
      const Sight of_group = sight >> (8 * g);
      if (!(of_group & kSeesAny)) continue;
      step->masked[step->count] = of_group & kIsMasked;
      step->groups[step->count++] = g;
      if (split_groups_ >> g & 1) continue;
      split_groups_ |= 1u << g;
      SplitKeys(step->key + g * kGroup, scratch_.keys + g * depths_ * 2);
      SplitValues(step->key + g * kGroup, scratch_.values + g * depths_ * 2);
    }
  }

  // A row of keys or values; zeros past the last one.
  const Half* CachedRow(const ggml_tensor* tensor, int64_t key) const {
    alignas(64) static constexpr Half kZeros[kMaximumHeadSize] = {};
    if (key >= problem_.keys) return kZeros;
    return RowOf<const Half>(tensor, key, head_, stream_);
  }

  void SplitKeys(int64_t key, SplitTile* tiles) {
    const Half* rows[kGroup];
    for (int r = 0; r < kGroup; r++) rows[r] = CachedRow(problem_.key, key + r);
    for (int i = 0; i < 2 * depths_; i++) {
      for (int r = 0; r < kTile; r++) {
        const Half* x = rows[i % 2 * kTile + r] + i / 2 * kDepth;
        Split(LoadHalves(x), LoadHalves(x + kTile), &tiles[i], r);
      }
      Transpose(&tiles[i].high);
      Transpose(&tiles[i].low);
    }
  }

  // Pairs the keys that the probabilities are paired for.
  void SplitValues(int64_t key, SplitTile* tiles) {
    const Half* rows[kGroup];
    for (int r = 0; r < kGroup; r++) rows[r] = CachedRow(problem_.value, key + r);
    for (int i = 0; i < 2 * depths_; i++) {
      for (int r = 0; r < kTile; r++) {
        Split(LoadHalves(rows[r] + i * kTile), LoadHalves(rows[kTile + r] + i * kTile), &tiles[i],
              r);
      }
    }
  }

  // The matrix unit multiplies for one step while the vector units work for the other.
  void Advance(const Step* current, const Step* next) {
    Turns exponentials(current ? current->rows : 0, next ? next->count * depths_ * kProducts : 0);
    const auto exponentiate_row = [&](int r) { Exponentiate(*current, r); };
    if (next) MultiplyKeys(*next, [&] { exponentials.Next(exponentiate_row); });
    exponentials.Rest(exponentiate_row);

    Turns maxima(next ? next->rows : 0, current ? current->count * depths_ * kProducts : 0);
    const auto raise_maximum_of_row = [&](int r) { RaiseMaximum(*next, r); };
    if (current) MultiplyValues(*current, [&] { maxima.Next(raise_maximum_of_row); });
    maxima.Rest(raise_maximum_of_row);
  }

  template <class Meanwhile>
  void MultiplyKeys(const Step& step, Meanwhile meanwhile) {
    const SplitRows* queries = scratch_.queries + step.first_row / kStepRows * depths_;
    FinishStores();
    for (int j = 0; j < step.count; j++) {
      const SplitTile* keys = scratch_.keys + step.groups[j] * depths_ * 2;
      ZeroSums();
      for (int i = 0; i < depths_; i++) Multiply(queries[i], keys + 2 * i, step.both(), meanwhile);
      constexpr long kColumns = sizeof(SplitRows::rows[0]) / sizeof(float);
      StoreSums(step.scores[step.groups[j]].rows[0][0], step.both(), kColumns);
    }
  }

  template <class Meanwhile>
  void MultiplyValues(const Step& step, Meanwhile meanwhile) {
    FinishStores();
    for (int i = 0; i < depths_; i++) {
      float* output = scratch_.output + step.first_row * problem_.head_size + i * kDepth;
      LoadSums(output, step.both(), problem_.head_size);
      for (int j = 0; j < step.count; j++) {
        const int g = step.groups[j];
        const SplitTile* values = scratch_.values + (g * depths_ + i) * 2;
        Multiply(step.scores[g], values, step.both(), meanwhile);
      }
      StoreSums(output, step.both(), problem_.head_size);
    }
  }

  void RaiseMaximum(const Step& step, int r) {
    Row& row = scratch_.rows[step.first_row + r];
    __m512 first = _mm512_set1_ps(row.maximum), second = first;
    for (int j = 0; j < step.count; j++) {
      float* scores = step.scores[step.groups[j]].rows[r][0];
      const int64_t key = step.key + step.groups[j] * kGroup;
      if (step.masked[j]) AddMask(row.mask, key, problem_.keys, scores);
      first = _mm512_max_ps(first, _mm512_load_ps(scores));
      second = _mm512_max_ps(second, _mm512_load_ps(scores + kTile));
    }
    const float maximum = _mm512_reduce_max_ps(_mm512_max_ps(first, second));
    if (maximum == row.maximum) return;
    const __m512 factor = Exp2(_mm512_set1_ps(row.maximum - maximum));
    Scale(step.first_row + r, factor, scratch_.output + (step.first_row + r) * problem_.head_size);
    row.sum *= _mm512_cvtss_f32(factor);
    row.maximum = maximum;
  }

  void Exponentiate(const Step& step, int r) {
    Row& row = scratch_.rows[step.first_row + r];
    const __m512 maximum = _mm512_set1_ps(row.maximum);
    __m512 sum = _mm512_setzero_ps();
    for (int j = 0; j < step.count; j++) {
      SplitRows* scores = &step.scores[step.groups[j]];
      const float* of_row = scores->rows[r][0];
      const __m512 first = Exp2(_mm512_sub_ps(_mm512_load_ps(of_row), maximum));
      const __m512 second = Exp2(_mm512_sub_ps(_mm512_load_ps(of_row + kTile), maximum));
      sum = _mm512_add_ps(sum, _mm512_add_ps(first, second));
      Split(first, second, scores, r);
    }
    row.sum += _mm512_reduce_add_ps(sum);
  }

  // A row that sees nothing has a sum of 0, and a result of 0.
  void FinishRow(int r) {
    const Row& row = scratch_.rows[r];
    Scale(r, _mm512_set1_ps(row.sum == 0 ? 0 : 1 / row.sum), row.result);
  }

  void Scale(int r, __m512 factor, float* to) const {
    const float* output = scratch_.output + r * problem_.head_size;
    for (int i = 0; i < problem_.head_size; i += kTile) {
      _mm512_storeu_ps(to + i, _mm512_mul_ps(_mm512_load_ps(output + i), factor));
    }
  }

  const Problem& problem_;
  const Scratch& scratch_;
  const int depths_;
  const int64_t head_, stream_;
  const int rows_;
  unsigned split_groups_ = 0;  // of the block, a bit each
};

// Linux lets a process use tiles only when it has asked.
bool TilesAreGranted() {
  constexpr int kRequestPermission = 0x1023, kTileData = 18;
  static const bool granted = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return granted;
}

}  // namespace

bool AmxAttentionTakes(const ggml_tensor* node) {
  const int64_t head_size = node->src[kKey]->ne[0];
  return node->src[kQuery]->ne[1] >= kMinimumRows && head_size % kDepth == 0 &&
         head_size <= kMaximumHeadSize && IsPlainAttention(node) && TilesAreGranted();
}

size_t AmxAttentionWorkSize(const ggml_tensor* node, int threads) {
  const Problem problem(node);
  return kCacheLine + Scratch::Size(problem.depths) * threads +
         problem.mask_rows * problem.blocks * sizeof(Sight);
}

void AmxAttention(const ggml_compute_params* params, ggml_tensor* node) {
  const Problem problem(node);
  const uintptr_t memory = ToCacheLine(reinterpret_cast<uintptr_t>(params->wdata));
  const size_t scratch_size = Scratch::Size(problem.depths);
  auto* sight = reinterpret_cast<Sight*>(memory + scratch_size * params->nth);
  for (int64_t i = params->ith; i < problem.mask_rows; i += params->nth) {
    LookThrough(problem.MaskRow(i), problem.keys, sight + i * problem.blocks);
  }
  if (params->ith == 0) ggml_threadpool_chunk_set(params->threadpool, params->nth);
  ggml_barrier(params->threadpool);

  const Scratch scratch(memory + scratch_size * params->ith, problem.depths);
  const Division division(problem, params->nth);
  ConfigureTiles({kTile, kTile, kTile, kTile, kTile, kTile, kTile, kTile});
  for (int64_t i = params->ith; i < division.parts * problem.heads;
       i = ggml_threadpool_chunk_add(params->threadpool, 1)) {
    // The last rows first: they see most keys.
    const int64_t row = (division.parts - 1 - i / problem.heads) * division.rows;
    const int64_t rows = std::min(division.rows, problem.head_rows - row);
    Item(problem, scratch, sight, i % problem.heads, row, int(rows)).Compute();
  }
  _tile_release();
}

}  // namespace codellama::kernels

#else

namespace codellama::kernels {

bool AmxAttentionTakes(const ggml_tensor*) { return false; }
size_t AmxAttentionWorkSize(const ggml_tensor*, int) { return 0; }
void AmxAttention(const ggml_compute_params*, ggml_tensor*) {}

}  // namespace codellama::kernels

#endif
