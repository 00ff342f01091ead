#include "row_attention.h"

#include "ggml-cpu-impl.h"
#include "vec.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__F16C__)

#include <immintrin.h>

#include <algorithm>
#include <cmath>

namespace codellama {
namespace {

constexpr int kLanes = 16;  // floats of a vector, and keys looked at together
constexpr int kQuery = 0, kKey = 1, kValue = 2, kMask = 3, kSinks = 4;

inline __m512 LoadHalves(const void* halves) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(halves)));
}

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

// The cells that a row attends to.
struct Cells {
  int32_t* index;
  float* bias;  // what the mask adds to their scores
  int count;

  static size_t Size(int64_t cells) { return (cells + kLanes) * (sizeof(int32_t) + sizeof(float)); }

  Cells(char* memory, int64_t cells)
      : index(reinterpret_cast<int32_t*>(memory)),
        bias(reinterpret_cast<float*>(index + cells + kLanes)),
        count(0) {}

  void Read(const ggml_fp16_t* mask, int cells) {
    count = 0;
    const __m256i minus_infinity = _mm256_set1_epi16(int16_t(0xfc00));
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (int cell = 0; cell < cells; cell += kLanes) {
      const __mmask16 inside = cells - cell >= kLanes ? 0xffff : (1u << (cells - cell)) - 1;
      const __m256i halves =
          mask == nullptr ? _mm256_setzero_si256() : _mm256_maskz_loadu_epi16(inside, mask + cell);
      const __mmask16 seen = _mm256_mask_cmpneq_epi16_mask(inside, halves, minus_infinity);
      if (seen == 0) continue;
      const __m512i cell_indices = _mm512_add_epi32(lanes, _mm512_set1_epi32(cell));
      _mm512_storeu_si512(index + count, _mm512_maskz_compress_epi32(seen, cell_indices));
      _mm512_storeu_ps(bias + count, _mm512_maskz_compress_ps(seen, _mm512_cvtph_ps(halves)));
      count += _mm_popcnt_u32(seen);
    }
    PadToLanes();
  }

 private:
  // Whole vectors: what is too much is the last cell again, with no weight.
  void PadToLanes() {
    for (int i = count; i % kLanes != 0; i++) {
      index[i] = index[count - 1];
      bias[i] = -INFINITY;
    }
  }
};

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

// Scores and values are taken sixteen cells at a time; the softmax follows as they come (Milakov
// and Gimelshein, arXiv 1805.02867).
template <int kVectors>
void AttendToCells(const float* query, float scale, const Heads& keys, const Heads& values,
                   const Cells& cells, float* result) {
  __m512 q[kVectors];
  __m512 sum[kVectors];
  for (int i = 0; i < kVectors; i++) {
    q[i] = _mm512_mul_ps(_mm512_loadu_ps(query + kLanes * i), _mm512_set1_ps(scale));
    sum[i] = _mm512_setzero_ps();
  }
  float greatest = -INFINITY;
  __m512 weight = _mm512_setzero_ps();
  for (int begin = 0; begin < cells.count; begin += kLanes) {
    const int32_t* index = cells.index + begin;
    constexpr int kHeadBytes = kVectors * kLanes * sizeof(ggml_fp16_t);
    values.Prefetch(index, kHeadBytes);
    if (begin + kLanes < cells.count) keys.Prefetch(index + kLanes, kHeadBytes);
    __m512 products[kLanes];
    for (int j = 0; j < kLanes; j++) {
      const char* key = keys.At(index[j]);
      products[j] = _mm512_mul_ps(q[0], LoadHalves(key));
      for (int i = 1; i < kVectors; i++) {
        products[j] = _mm512_fmadd_ps(q[i], LoadHalves(key + 2 * kLanes * i), products[j]);
      }
    }
    const __m512 scores = _mm512_add_ps(SumEach(products), _mm512_loadu_ps(cells.bias + begin));

    const float greatest_here = _mm512_reduce_max_ps(scores);
    if (greatest_here > greatest) {
      const __m512 shrink = _mm512_set1_ps(std::exp(greatest - greatest_here));
      greatest = greatest_here;
      weight = _mm512_mul_ps(weight, shrink);
      for (int i = 0; i < kVectors; i++) sum[i] = _mm512_mul_ps(sum[i], shrink);
    }
    const __m512 weights = ggml_v_expf(_mm512_sub_ps(scores, _mm512_set1_ps(greatest)));
    weight = _mm512_add_ps(weight, weights);

    alignas(64) float each[kLanes];
    _mm512_store_ps(each, weights);
    for (int j = 0; j < kLanes; j++) {
      const char* value = values.At(index[j]);
      for (int i = 0; i < kVectors; i++) {
        sum[i] =
            _mm512_fmadd_ps(_mm512_set1_ps(each[j]), LoadHalves(value + 2 * kLanes * i), sum[i]);
      }
    }
  }
  const float total = _mm512_reduce_add_ps(weight);
  const __m512 factor = _mm512_set1_ps(total == 0.0f ? 0.0f : 1.0f / total);
  for (int i = 0; i < kVectors; i++) {
    _mm512_storeu_ps(result + kLanes * i, _mm512_mul_ps(sum[i], factor));
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

  const ggml_fp16_t* Mask(int row, int batch) const {
    if (mask_ == nullptr) return nullptr;
    return static_cast<const ggml_fp16_t*>(At(mask_, row, 0, batch % mask_->ne[3]));
  }
  const float* Query(int row, int head, int batch) const {
    return static_cast<const float*>(At(q_, row, head, batch));
  }
  Heads Keys(int head, int batch) const { return HeadsOf(k_, head, batch); }
  Heads Values(int head, int batch) const { return HeadsOf(v_, head, batch); }
  // The result has heads before rows.
  float* Result(int row, int head, int batch) const {
    return static_cast<float*>(const_cast<void*>(At(result_, head, row, batch)));
  }

 private:
  static const void* At(const ggml_tensor* tensor, int64_t i1, int64_t i2, int64_t i3) {
    return static_cast<const char*>(tensor->data) + i1 * tensor->nb[1] + i2 * tensor->nb[2] +
           i3 * tensor->nb[3];
  }
  Heads HeadsOf(const ggml_tensor* tensor, int head, int batch) const {
    const int64_t i2 = head / (q_->ne[2] / tensor->ne[2]);
    const int64_t i3 = batch / (q_->ne[3] / tensor->ne[3]);
    return {static_cast<const char*>(At(tensor, 0, i2, i3)), tensor->nb[1]};
  }

  const ggml_tensor *q_, *k_, *v_, *mask_, *result_;
};

float OptionOf(const ggml_tensor* attention, int index) {
  float option;
  memcpy(&option, reinterpret_cast<const char*>(attention->op_params) + index * sizeof(float),
         sizeof option);
  return option;
}

}  // namespace

bool RowAttentionTakes(const ggml_tensor* attention) {
  const ggml_tensor* q = attention->src[kQuery];
  const ggml_tensor* k = attention->src[kKey];
  const ggml_tensor* v = attention->src[kValue];
  const ggml_tensor* mask = attention->src[kMask];
  const float alibi = OptionOf(attention, 1), softcap = OptionOf(attention, 2);
  return q->type == GGML_TYPE_F32 && k->type == GGML_TYPE_F16 && v->type == GGML_TYPE_F16 &&
         (q->ne[0] == 64 || q->ne[0] == 128) && v->ne[0] == q->ne[0] && q->nb[0] == sizeof(float) &&
         k->nb[0] == sizeof(ggml_fp16_t) && v->nb[0] == sizeof(ggml_fp16_t) &&
         (mask == nullptr || mask->ne[2] == 1) && attention->src[kSinks] == nullptr &&
         alibi == 0.0f && softcap == 0.0f;
}

size_t RowAttentionWorkSize(const ggml_tensor* attention, int threads) {
  return threads * Cells::Size(attention->src[kKey]->ne[1]);
}

void RowAttention(const ggml_compute_params* params, ggml_tensor* attention) {
  const ggml_tensor* q = attention->src[kQuery];
  const int rows = q->ne[1], heads = q->ne[2], batches = q->ne[3];
  const int64_t cell_count = attention->src[kKey]->ne[1];
  const float scale = OptionOf(attention, 0);
  const Operands operands(attention);
  Cells cells(static_cast<char*>(params->wdata) + params->ith * Cells::Size(cell_count),
              cell_count);

  // The mask is read once for all heads of a row where there are rows enough for all threads.
  const int heads_at_once = rows * batches >= 2 * params->nth ? heads : 1;
  const int pieces_of_row = heads / heads_at_once;
  if (params->ith == 0) ggml_threadpool_chunk_set(params->threadpool, params->nth);
  ggml_barrier(params->threadpool);
  for (int piece = params->ith; piece < batches * rows * pieces_of_row;
       piece = ggml_threadpool_chunk_add(params->threadpool, 1)) {
    const int first_head = piece % pieces_of_row * heads_at_once;
    const int row = piece / pieces_of_row % rows;
    const int batch = piece / pieces_of_row / rows;
    cells.Read(operands.Mask(row, batch), cell_count);
    for (int head = first_head; head < first_head + heads_at_once; head++) {
      const auto attend = q->ne[0] == 64 ? AttendToCells<4> : AttendToCells<8>;
      attend(operands.Query(row, head, batch), scale, operands.Keys(head, batch),
             operands.Values(head, batch), cells, operands.Result(row, head, batch));
    }
  }
}

}  // namespace codellama

#else

namespace codellama {

bool RowAttentionTakes(const ggml_tensor*) { return false; }
size_t RowAttentionWorkSize(const ggml_tensor*, int) { return 0; }
void RowAttention(const ggml_compute_params*, ggml_tensor*) {}

}  // namespace codellama

#endif
