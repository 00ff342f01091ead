#include "row_attention.h"

#include "ggml-cpu-impl.h"
#include "vec.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__F16C__)

#include <immintrin.h>

#include <algorithm>
#include <cmath>

#include "halves.h"
#include "plain_attention.h"
#include "rounding.h"
#include "seen_cells.h"

namespace codellama::kernels {
namespace {

constexpr int kRowsAtOnce = 4;  // where they see the same cells

// Element i: the sum of vector i.
inline __m512 SumEach(__m512 v[kLanes]) {
  for (int i = 0; i < 8; i++) {  // pairs of lanes of each two vectors
    v[i] = _mm512_add_ps(_mm512_unpacklo_ps(v[2 * i], v[2 * i + 1]),
                         _mm512_unpackhi_ps(v[2 * i], v[2 * i + 1]));
  }
  for (int i = 0; i < 4; i++) {  // every 128 bits hold a part of four vectors' sums
    v[i] = _mm512_add_ps(_mm512_shuffle_ps(v[2 * i], v[2 * i + 1], 0x44),
                         _mm512_shuffle_ps(v[2 * i], v[2 * i + 1], 0xee));
  }
  for (int i = 0; i < 2; i++) {
    v[i] = _mm512_add_ps(_mm512_shuffle_f32x4(v[2 * i], v[2 * i + 1], 0x88),
                         _mm512_shuffle_f32x4(v[2 * i], v[2 * i + 1], 0xdd));
  }
  return _mm512_add_ps(_mm512_shuffle_f32x4(v[0], v[1], 0x88),
                       _mm512_shuffle_f32x4(v[0], v[1], 0xdd));
}

// Keys or values of one head.
struct Heads {
  const char* data;
  size_t cell_bytes;

  const char* At(int cell) const { return data + cell * cell_bytes; }

  // Cells of one sequence are apart from each other: the processor does not foresee them.
  void Prefetch(const int32_t* index, int bytes) const {
    for (int j = 0; j < kLanes; j++) {
      for (int line = 0; line < bytes; line += 64) _mm_prefetch(At(index[j]) + line, _MM_HINT_T0);
    }
  }
};

// A row of a head: what it asks, sees and gets.
struct Row {
  const float* query;
  const Cells* cells;
  float* result;
};

// Rows that see the same cells, but for some at the end. Scores and values are taken sixteen cells
// at a time; the softmax follows as they come (Milakov and Gimelshein, arXiv 1805.02867). A row's
// numbers are the same with others and alone.
template <int kVectors, int kRows>
class Attention {
 public:
  Attention(const Row* rows, float scale) : rows_(rows) {
    for (int r = 0; r < kRows; r++) {
      for (int i = 0; i < kVectors; i++) {
        query_[r][i] =
            _mm512_mul_ps(_mm512_loadu_ps(rows[r].query + kLanes * i), _mm512_set1_ps(scale));
        sum_[r][i] = _mm512_setzero_ps();
      }
      greatest_[r] = -INFINITY;
      weight_[r] = _mm512_setzero_ps();
    }
  }

  void AddCells(const Heads& keys, const Heads& values) {
    const Cells& cells = *rows_[kRows - 1].cells;
    for (int begin = 0; begin < cells.count; begin += kLanes) {
      const int32_t* index = cells.index + begin;
      constexpr int kHeadBytes = kVectors * kLanes * sizeof(Half);
      values.Prefetch(index, kHeadBytes);
      if (begin + kLanes < cells.count) keys.Prefetch(index + kLanes, kHeadBytes);
      MultiplyKeys(keys, index);
      for (int r = 0; r < kRows; r++) WeighCells(r, rows_[r].cells->bias + begin);
      for (int i = 0; i < kVectors; i += kVectorsAtOnce) AddValues(values, index, i);
    }
  }

  void Finish() const {
    for (int r = 0; r < kRows; r++) {
      const float total = _mm512_reduce_add_ps(weight_[r]);
      const __m512 factor = _mm512_set1_ps(total == 0.0f ? 0.0f : 1.0f / total);
      for (int i = 0; i < kVectors; i++) {
        _mm512_storeu_ps(rows_[r].result + kLanes * i, _mm512_mul_ps(sum_[r][i], factor));
      }
    }
  }

 private:
  void MultiplyKeys(const Heads& keys, const int32_t* index) {
    for (int j = 0; j < kLanes; j++) {
      const char* key = keys.At(index[j]);
      __m512 products[kRows];
      for (int i = 0; i < kVectors; i++) {
        const __m512 elements = LoadHalves(key + 2 * kLanes * i);
        for (int r = 0; r < kRows; r++) {
          products[r] = i == 0 ? _mm512_mul_ps(query_[r][i], elements)
                               : _mm512_fmadd_ps(query_[r][i], elements, products[r]);
        }
      }
      for (int r = 0; r < kRows; r++) products_[r][j] = products[r];
    }
  }

  void WeighCells(int r, const float* bias) {
    const __m512 scores = _mm512_add_ps(SumEach(products_[r]), _mm512_loadu_ps(bias));
    const float greatest = _mm512_reduce_max_ps(scores);
    if (greatest > greatest_[r]) {
      const __m512 shrink = _mm512_set1_ps(std::exp(greatest_[r] - greatest));
      greatest_[r] = greatest;
      weight_[r] = _mm512_mul_ps(weight_[r], shrink);
      for (int i = 0; i < kVectors; i++) sum_[r][i] = _mm512_mul_ps(sum_[r][i], shrink);
    }
    const __m512 weights = ggml_v_expf(_mm512_sub_ps(scores, _mm512_set1_ps(greatest_[r])));
    weight_[r] = _mm512_add_ps(weight_[r], weights);
    _mm512_store_ps(weights_[r], weights);
  }

  void AddValues(const Heads& values, const int32_t* index, int first) {
    __m512 sum[kRows][kVectorsAtOnce];
    for (int r = 0; r < kRows; r++) std::copy_n(sum_[r] + first, kVectorsAtOnce, sum[r]);
    for (int j = 0; j < kLanes; j++) {
      const char* value = values.At(index[j]) + 2 * kLanes * first;
      for (int i = 0; i < kVectorsAtOnce; i++) {
        const __m512 elements = LoadHalves(value + 2 * kLanes * i);
        for (int r = 0; r < kRows; r++) {
          sum[r][i] = _mm512_fmadd_ps(_mm512_set1_ps(weights_[r][j]), elements, sum[r][i]);
        }
      }
    }
    for (int r = 0; r < kRows; r++) std::copy_n(sum[r], kVectorsAtOnce, sum_[r] + first);
  }

  static constexpr int kVectorsAtOnce = 4;  // whose sums fit into registers

  const Row* rows_;
  __m512 query_[kRows][kVectors];
  __m512 sum_[kRows][kVectors];
  __m512 weight_[kRows];
  float greatest_[kRows];
  __m512 products_[kRows][kLanes];
  alignas(64) float weights_[kRows][kLanes];
};

template <int kVectors>
void Attend(const Row* rows, int count, float scale, const Heads& keys, const Heads& values) {
  const auto attend = [&](auto attention) {
    attention.AddCells(keys, values);
    attention.Finish();
  };
  switch (count) {
    case 4:
      return attend(Attention<kVectors, 4>(rows, scale));
    case 3:
      return attend(Attention<kVectors, 3>(rows, scale));
    case 2:
      return attend(Attention<kVectors, 2>(rows, scale));
    default:
      return attend(Attention<kVectors, 1>(rows, scale));
  }
}

// Where the operands of a row and head lie; ggml repeats keys, values and masks over the query's.
class Operands {
 public:
  explicit Operands(const ggml_tensor* attention)
      : q_(attention->src[kQuery]),
        k_(attention->src[kKey]),
        v_(attention->src[kValue]),
        mask_(attention->src[kMask]),
        result_(attention) {}

  const Half* Mask(int row, int batch) const {
    if (mask_ == nullptr) return nullptr;
    return RowOf<const Half>(mask_, row, 0, batch % mask_->ne[3]);
  }
  const float* Query(int row, int head, int batch) const {
    return RowOf<const float>(q_, row, head, batch);
  }
  Heads Keys(int kv_head, int batch) const { return HeadsOf(k_, kv_head, batch); }
  Heads Values(int kv_head, int batch) const { return HeadsOf(v_, kv_head, batch); }
  // The result has heads before rows.
  float* Result(int row, int head, int batch) const {
    return RowOf<float>(result_, head, row, batch);
  }

 private:
  Heads HeadsOf(const ggml_tensor* tensor, int kv_head, int batch) const {
    const int64_t stream = batch / (q_->ne[3] / tensor->ne[3]);
    return {RowOf<const char>(tensor, 0, kv_head, stream), tensor->nb[1]};
  }

  const ggml_tensor *q_, *k_, *v_, *mask_, *result_;
};

// An attention, and a thread's share of it.
class Work {
 public:
  Work(const ggml_compute_params* params, const ggml_tensor* attention)
      : operands_(attention),
        head_size_(int(attention->src[kQuery]->ne[0])),
        rows_(int(attention->src[kQuery]->ne[1])),
        kv_heads_(int(attention->src[kKey]->ne[2])),
        sharing_(int(attention->src[kQuery]->ne[2]) / kv_heads_),
        cell_count_(int(attention->src[kKey]->ne[1])),
        scale_(AttentionScale(attention)),
        row_groups_(int(DivideUp(rows_, kRowsAtOnce))) {
    const size_t cells_size = Cells::Size(cell_count_);
    char* memory = static_cast<char*>(params->wdata) + params->ith * kRowsAtOnce * cells_size;
    for (Cells& of_row : cells_) {
      of_row = Cells(memory, cell_count_);
      memory += cells_size;
    }
    // The mask is read once for all heads where there are rows enough for all threads.
    const int batches = int(attention->src[kQuery]->ne[3]);
    heads_at_once_ = row_groups_ * batches >= 2 * params->nth ? kv_heads_ : 1;
    pieces_ = batches * row_groups_ * (kv_heads_ / heads_at_once_);
  }

  int pieces() const { return pieces_; }

  void Compute(int piece) {
    const int pieces_of_group = kv_heads_ / heads_at_once_;
    const int first_head = piece % pieces_of_group * heads_at_once_;
    const int first_row = piece / pieces_of_group % row_groups_ * kRowsAtOnce;
    const int batch = piece / pieces_of_group / row_groups_;
    const int rows = std::min(kRowsAtOnce, rows_ - first_row);
    const int rows_together = ReadCells(first_row, rows, batch) ? rows : 1;
    for (int head = first_head; head < first_head + heads_at_once_; head++) {
      for (int r = 0; r < rows; r += rows_together) {
        AttendTogether(first_row, r, rows_together, head, batch);
      }
    }
  }

 private:
  // Whether the rows see the same cells, but for some at the end.
  bool ReadCells(int first_row, int rows, int batch) {
    for (int r = 0; r < rows; r++) {
      cells_[r].Read(operands_.Mask(first_row + r, batch), cell_count_);
    }
    const Cells& of_last = cells_[rows - 1];
    for (int r = 0; r < rows; r++) {
      if (!cells_[r].AreFirstOf(of_last)) return false;
    }
    for (int r = 0; r < rows; r++) cells_[r].HideUpTo(of_last.padded_count());
    return true;
  }

  // Rows, and all query heads that share a head of keys and values.
  void AttendTogether(int first_row, int begin, int rows, int kv_head, int batch) {
    const auto attend = head_size_ == 64 ? Attend<4> : Attend<8>;
    for (int i = 0; i < rows * sharing_; i += kRowsAtOnce) {
      const int count = std::min(kRowsAtOnce, rows * sharing_ - i);
      Row group[kRowsAtOnce];
      for (int j = 0; j < count; j++) {
        const int r = begin + (i + j) / sharing_;
        const int head = kv_head * sharing_ + (i + j) % sharing_;
        group[j] = {operands_.Query(first_row + r, head, batch), &cells_[r],
                    operands_.Result(first_row + r, head, batch)};
      }
      attend(group, count, scale_, operands_.Keys(kv_head, batch),
             operands_.Values(kv_head, batch));
    }
  }

  Operands operands_;
  int head_size_, rows_, kv_heads_, sharing_, cell_count_;
  float scale_;
  int row_groups_, heads_at_once_, pieces_;
  Cells cells_[kRowsAtOnce];
};

}  // namespace

bool RowAttentionTakes(const ggml_tensor* attention) {
  const int64_t head_size = attention->src[kQuery]->ne[0];
  const ggml_tensor* mask = attention->src[kMask];
  return IsPlainAttention(attention) && (head_size == 64 || head_size == 128) &&
         (mask == nullptr || mask->ne[2] == 1);
}

size_t RowAttentionWorkSize(const ggml_tensor* attention, int threads) {
  return threads * kRowsAtOnce * Cells::Size(attention->src[kKey]->ne[1]);
}

void RowAttention(const ggml_compute_params* params, ggml_tensor* attention) {
  Work work(params, attention);
  if (params->ith == 0) ggml_threadpool_chunk_set(params->threadpool, params->nth);
  ggml_barrier(params->threadpool);
  for (int piece = params->ith; piece < work.pieces();
       piece = ggml_threadpool_chunk_add(params->threadpool, 1)) {
    work.Compute(piece);
  }
}

}  // namespace codellama::kernels

#else

namespace codellama::kernels {

bool RowAttentionTakes(const ggml_tensor*) { return false; }
size_t RowAttentionWorkSize(const ggml_tensor*, int) { return 0; }
void RowAttention(const ggml_compute_params*, ggml_tensor*) {}

}  // namespace codellama::kernels

#endif
