#include "row_attention.h"

#include "ggml-cpu-impl.h"
#include "vec.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__F16C__)

#include <immintrin.h>

#include <algorithm>
#include <cmath>

#include "attention_node.h"
#include "fp16.h"
#include "rounding.h"
#include "visible_cells.h"

namespace codellama::kernels {
namespace {

constexpr int kMaxRows = 4;  // rows in one pass over the cells

// Element i is the sum of vector i. Destroys the vectors.
inline __m512 SumOfEachVector(__m512 v[kLanes]) {
  for (int i = 0; i < 8; i++) {  // adds lanes of two vectors in pairs
    v[i] = _mm512_add_ps(_mm512_unpacklo_ps(v[2 * i], v[2 * i + 1]),
                         _mm512_unpackhi_ps(v[2 * i], v[2 * i + 1]));
  }
  for (int i = 0; i < 4; i++) {  // each 128-bit lane holds partial sums of four vectors
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

// Keys or values of one KV head.
struct KvHead {
  const char* data;
  size_t cell_bytes;

  const char* Row(int cell) const { return data + cell * cell_bytes; }

  // The cells of one sequence are scattered, so the hardware prefetcher does not help.
  void Prefetch(const int32_t* index, int bytes) const {
    for (int j = 0; j < kLanes; j++) {
      for (int line = 0; line < bytes; line += 64) _mm_prefetch(Row(index[j]) + line, _MM_HINT_T0);
    }
  }
};

// One row of one query head.
struct QueryRow {
  const float* query;
  const VisibleCells* cells;
  float* result;
};

// Rows whose visible cells are the same, or a prefix of the last row's. Takes 16 cells at a time
// and computes the softmax online (Milakov and Gimelshein, arXiv 1805.02867). A row gets the same
// result alone and with others.
template <int kVectors, int kRows>
class RowGroup {
 public:
  RowGroup(const QueryRow* rows, float scale) : rows_(rows) {
    for (int r = 0; r < kRows; r++) {
      for (int i = 0; i < kVectors; i++) {
        query_[r][i] =
            _mm512_mul_ps(_mm512_loadu_ps(rows[r].query + kLanes * i), _mm512_set1_ps(scale));
        accumulators_[r][i] = _mm512_setzero_ps();
      }
      maximum_[r] = -INFINITY;
      weight_sums_[r] = _mm512_setzero_ps();
    }
  }

  void AddCells(const KvHead& keys, const KvHead& values) {
    const VisibleCells& cells = *rows_[kRows - 1].cells;
    for (int begin = 0; begin < cells.count; begin += kLanes) {
      const int32_t* index = cells.index + begin;
      constexpr int kHeadBytes = kVectors * kLanes * sizeof(Fp16);
      values.Prefetch(index, kHeadBytes);
      if (begin + kLanes < cells.count) keys.Prefetch(index + kLanes, kHeadBytes);
      MultiplyKeys(keys, index);
      for (int r = 0; r < kRows; r++) UpdateSoftmax(r, rows_[r].cells->bias + begin);
      for (int i = 0; i < kVectors; i += kVectorsPerPass) AddValues(values, index, i);
    }
  }

  void Finish() const {
    for (int r = 0; r < kRows; r++) {
      const float total = _mm512_reduce_add_ps(weight_sums_[r]);
      const __m512 factor = _mm512_set1_ps(total == 0.0f ? 0.0f : 1.0f / total);
      for (int i = 0; i < kVectors; i++) {
        _mm512_storeu_ps(rows_[r].result + kLanes * i, _mm512_mul_ps(accumulators_[r][i], factor));
      }
    }
  }

 private:
  void MultiplyKeys(const KvHead& keys, const int32_t* index) {
    for (int j = 0; j < kLanes; j++) {
      const char* key = keys.Row(index[j]);
      __m512 products[kRows];
      for (int i = 0; i < kVectors; i++) {
        const __m512 elements = LoadFp16(key + 2 * kLanes * i);
        for (int r = 0; r < kRows; r++) {
          products[r] = i == 0 ? _mm512_mul_ps(query_[r][i], elements)
                               : _mm512_fmadd_ps(query_[r][i], elements, products[r]);
        }
      }
      for (int r = 0; r < kRows; r++) products_[r][j] = products[r];
    }
  }

  void UpdateSoftmax(int r, const float* bias) {
    const __m512 scores = _mm512_add_ps(SumOfEachVector(products_[r]), _mm512_loadu_ps(bias));
    const float maximum = _mm512_reduce_max_ps(scores);
    if (maximum > maximum_[r]) {
      const __m512 shrink = _mm512_set1_ps(std::exp(maximum_[r] - maximum));
      maximum_[r] = maximum;
      weight_sums_[r] = _mm512_mul_ps(weight_sums_[r], shrink);
      for (int i = 0; i < kVectors; i++) {
        accumulators_[r][i] = _mm512_mul_ps(accumulators_[r][i], shrink);
      }
    }
    const __m512 weights = ggml_v_expf(_mm512_sub_ps(scores, _mm512_set1_ps(maximum_[r])));
    weight_sums_[r] = _mm512_add_ps(weight_sums_[r], weights);
    _mm512_store_ps(weights_[r], weights);
  }

  void AddValues(const KvHead& values, const int32_t* index, int first) {
    __m512 sum[kRows][kVectorsPerPass];
    for (int r = 0; r < kRows; r++) std::copy_n(accumulators_[r] + first, kVectorsPerPass, sum[r]);
    for (int j = 0; j < kLanes; j++) {
      const char* value = values.Row(index[j]) + 2 * kLanes * first;
      for (int i = 0; i < kVectorsPerPass; i++) {
        const __m512 elements = LoadFp16(value + 2 * kLanes * i);
        for (int r = 0; r < kRows; r++) {
          sum[r][i] = _mm512_fmadd_ps(_mm512_set1_ps(weights_[r][j]), elements, sum[r][i]);
        }
      }
    }
    for (int r = 0; r < kRows; r++) std::copy_n(sum[r], kVectorsPerPass, accumulators_[r] + first);
  }

  static constexpr int kVectorsPerPass = 4;  // their accumulators fit into registers

  const QueryRow* rows_;
  __m512 query_[kRows][kVectors];
  __m512 accumulators_[kRows][kVectors];
  __m512 weight_sums_[kRows];
  float maximum_[kRows];
  __m512 products_[kRows][kLanes];
  alignas(64) float weights_[kRows][kLanes];
};

template <int kVectors>
void Attend(const QueryRow* rows, int count, float scale, const KvHead& keys,
            const KvHead& values) {
  const auto attend = [&](auto group) {
    group.AddCells(keys, values);
    group.Finish();
  };
  switch (count) {
    case 4:
      return attend(RowGroup<kVectors, 4>(rows, scale));
    case 3:
      return attend(RowGroup<kVectors, 3>(rows, scale));
    case 2:
      return attend(RowGroup<kVectors, 2>(rows, scale));
    default:
      return attend(RowGroup<kVectors, 1>(rows, scale));
  }
}

// Addresses of the operands. ggml broadcasts keys, values and masks over the query's heads and
// streams.
class Operands {
 public:
  explicit Operands(const ggml_tensor* attention)
      : q_(attention->src[kQuery]),
        k_(attention->src[kKey]),
        v_(attention->src[kValue]),
        mask_(attention->src[kMask]),
        result_(attention) {}

  const Fp16* Mask(int row, int stream) const {
    if (mask_ == nullptr) return nullptr;
    return RowOf<const Fp16>(mask_, row, 0, stream % mask_->ne[3]);
  }
  const float* Query(int row, int head, int stream) const {
    return RowOf<const float>(q_, row, head, stream);
  }
  KvHead Keys(int kv_head, int stream) const { return HeadsOf(k_, kv_head, stream); }
  KvHead Values(int kv_head, int stream) const { return HeadsOf(v_, kv_head, stream); }
  // In the result, heads come before rows.
  float* Result(int row, int head, int stream) const {
    return RowOf<float>(result_, head, row, stream);
  }

 private:
  KvHead HeadsOf(const ggml_tensor* tensor, int kv_head, int stream) const {
    const int64_t kv_stream = stream / (q_->ne[3] / tensor->ne[3]);
    return {RowOf<const char>(tensor, 0, kv_head, kv_stream), tensor->nb[1]};
  }

  const ggml_tensor *q_, *k_, *v_, *mask_, *result_;
};

// The work on one node, split into chunks, with the work memory of one thread.
class RowAttentionWork {
 public:
  RowAttentionWork(const ggml_compute_params* params, const ggml_tensor* attention)
      : operands_(attention),
        head_size_(static_cast<int>(attention->src[kQuery]->ne[0])),
        rows_(static_cast<int>(attention->src[kQuery]->ne[1])),
        kv_heads_(static_cast<int>(attention->src[kKey]->ne[2])),
        queries_per_kv_head_(static_cast<int>(attention->src[kQuery]->ne[2]) / kv_heads_),
        cell_count_(static_cast<int>(attention->src[kKey]->ne[1])),
        scale_(AttentionScale(attention)),
        row_groups_(static_cast<int>(DivideUp(rows_, kMaxRows))) {
    const size_t cells_size = VisibleCells::Size(cell_count_);
    char* memory = static_cast<char*>(params->wdata) + params->ith * kMaxRows * cells_size;
    for (VisibleCells& row_cells : cells_) {
      row_cells = VisibleCells(memory, cell_count_);
      memory += cells_size;
    }
    // With enough rows for all threads, a chunk holds all heads: the mask is then read once.
    const int streams = static_cast<int>(attention->src[kQuery]->ne[3]);
    heads_per_chunk_ = row_groups_ * streams >= 2 * params->nth ? kv_heads_ : 1;
    chunks_ = streams * row_groups_ * (kv_heads_ / heads_per_chunk_);
  }

  int chunks() const { return chunks_; }

  void Compute(int chunk) {
    const int chunks_per_row_group = kv_heads_ / heads_per_chunk_;
    const int first_head = chunk % chunks_per_row_group * heads_per_chunk_;
    const int first_row = chunk / chunks_per_row_group % row_groups_ * kMaxRows;
    const int stream = chunk / chunks_per_row_group / row_groups_;
    const int rows = std::min(kMaxRows, rows_ - first_row);
    const int rows_per_pass = ReadCells(first_row, rows, stream) ? rows : 1;
    for (int head = first_head; head < first_head + heads_per_chunk_; head++) {
      for (int r = 0; r < rows; r += rows_per_pass) {
        AttendRows(first_row, r, rows_per_pass, head, stream);
      }
    }
  }

 private:
  // Reads the visible cells of the rows. Returns whether the rows can share a pass.
  bool ReadCells(int first_row, int rows, int stream) {
    for (int r = 0; r < rows; r++) {
      cells_[r].Read(operands_.Mask(first_row + r, stream), cell_count_);
    }
    const VisibleCells& last = cells_[rows - 1];
    for (int r = 0; r < rows; r++) {
      if (!cells_[r].IsPrefixOf(last)) return false;
    }
    for (int r = 0; r < rows; r++) cells_[r].PadTo(last.padded_count());
    return true;
  }

  // Computes the rows for all query heads that share a KV head.
  void AttendRows(int first_row, int begin, int rows, int kv_head, int stream) {
    const auto attend = head_size_ == 64 ? Attend<4> : Attend<8>;
    for (int i = 0; i < rows * queries_per_kv_head_; i += kMaxRows) {
      const int count = std::min(kMaxRows, rows * queries_per_kv_head_ - i);
      QueryRow group[kMaxRows];
      for (int j = 0; j < count; j++) {
        const int r = begin + (i + j) / queries_per_kv_head_;
        const int head = kv_head * queries_per_kv_head_ + (i + j) % queries_per_kv_head_;
        group[j] = {operands_.Query(first_row + r, head, stream), &cells_[r],
                    operands_.Result(first_row + r, head, stream)};
      }
      attend(group, count, scale_, operands_.Keys(kv_head, stream),
             operands_.Values(kv_head, stream));
    }
  }

  Operands operands_;
  int head_size_, rows_, kv_heads_, queries_per_kv_head_, cell_count_;
  float scale_;
  int row_groups_, heads_per_chunk_, chunks_;
  VisibleCells cells_[kMaxRows];
};

}  // namespace

bool IsRowAttentionSupported(const ggml_tensor* attention) {
  const int64_t head_size = attention->src[kQuery]->ne[0];
  const ggml_tensor* mask = attention->src[kMask];
  return IsPlainAttention(attention) && (head_size == 64 || head_size == 128) &&
         (mask == nullptr || mask->ne[2] == 1);
}

size_t RowAttentionWorkSize(const ggml_tensor* attention, int threads) {
  return threads * kMaxRows * VisibleCells::Size(attention->src[kKey]->ne[1]);
}

void RowAttention(const ggml_compute_params* params, ggml_tensor* attention) {
  RowAttentionWork work(params, attention);
  if (params->ith == 0) ggml_threadpool_chunk_set(params->threadpool, params->nth);
  ggml_barrier(params->threadpool);
  for (int chunk = params->ith; chunk < work.chunks();
       chunk = ggml_threadpool_chunk_add(params->threadpool, 1)) {
    work.Compute(chunk);
  }
}

}  // namespace codellama::kernels

#else

namespace codellama::kernels {

bool IsRowAttentionSupported(const ggml_tensor*) { return false; }
size_t RowAttentionWorkSize(const ggml_tensor*, int) { return 0; }
void RowAttention(const ggml_compute_params*, ggml_tensor*) {}

}  // namespace codellama::kernels

#endif
