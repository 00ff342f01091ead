#include "amx_matmul.h"

#include "ggml-cpu-impl.h"
#define GGML_COMMON_DECL_CPP
#include "ggml-common.h"

#if defined(__AMX_INT8__) && defined(__AVX512VNNI__)

#include <algorithm>
#include <cstring>

#include "packed_weights.h"
#include "q8_rows.h"

namespace codellama {
namespace {

constexpr int kTileRows = 16;

// 16 rows of activations, 256 elements each.
struct alignas(64) ActivationBlock {
  int8_t quants[kSteps][kTileRows][kStep];
  int32_t sums[kTileRows][4];  // of every 32 quants, two int16 in each
  float scale[kTileRows];
};

// A tile of 32-bit sums.
using TileSums = int32_t[kTileRows][kTileColumns];

// How much of the weights is made ready at once: for many rows as much as fits into the
// second-level cache beside them, for few a block at a time, which stays in the first.
struct WeightGroup {
  int columns;  // of 16
  int blocks;   // of 256
};
constexpr WeightGroup kManyRows{4, 8};
constexpr WeightGroup kFewRows{1, 1};
constexpr int kFewRowsLimit = 32;

constexpr size_t kAlignment = 64;

int DivideUp(int number, int by) { return (number + by - 1) / by; }

// The parts of the work memory.
struct WorkMemory {
  ActivationBlock* rows;  // row tiles, and in each its blocks
  WeightTiles* weights;   // of each thread

  static size_t Size(int row_count, int columns, int threads) {
    const size_t row_blocks = size_t(DivideUp(row_count, kTileRows)) * (columns / QK_K);
    return kAlignment + row_blocks * sizeof(ActivationBlock) +
           size_t(threads) * kManyRows.columns * kManyRows.blocks * sizeof(WeightTiles);
  }

  WorkMemory(const ggml_compute_params* params, int row_count, int columns) {
    auto address =
        (reinterpret_cast<uintptr_t>(params->wdata) + kAlignment - 1) & ~(kAlignment - 1);
    rows = reinterpret_cast<ActivationBlock*>(address);
    const size_t row_blocks = size_t(DivideUp(row_count, kTileRows)) * (columns / QK_K);
    weights = reinterpret_cast<WeightTiles*>(rows + row_blocks) +
              size_t(params->ith) * kManyRows.columns * kManyRows.blocks;
  }
};

void QuantizeRows(const float* x, int columns, int begin, int end, ActivationBlock* rows) {
  const int blocks = columns / QK_K;
  for (int row = begin; row < end; row++) {
    for (int i = 0; i < blocks; i++) {
      const Q8Block quantized = Quantize256(x + size_t(row) * columns + i * QK_K);
      ActivationBlock& block = rows[size_t(row / kTileRows) * blocks + i];
      const int r = row % kTileRows;
      for (int step = 0; step < kSteps; step++) {
        _mm512_store_si512(block.quants[step][r], quantized.quants[step]);
      }
      const __m256i ones = _mm256_set1_epi16(1);
      const __m256i of_32 = _mm256_madd_epi16(quantized.sums, ones);
      _mm_store_si128(reinterpret_cast<__m128i*>(block.sums[r]), _mm256_cvtepi32_epi16(of_32));
      block.scale[r] = quantized.scale;
    }
  }
}

// Tiles 0 and 1 hold weights, 2 and 3 activations, 4 to 7 sums. Only the first of two row tiles can
// be shorter than 16, as it is then the only one: shorter tiles take AMX less time.
void ConfigureTiles(int rows) {
  struct alignas(64) {
    uint8_t palette = 1;
    uint8_t start_row = 0;
    uint8_t reserved[14] = {};
    uint16_t row_bytes[16] = {};
    uint8_t rows[16] = {};
  } config;
  for (int tile = 0; tile < 8; tile++) {
    config.row_bytes[tile] = kStep;
    config.rows[tile] = tile < 2 ? kStep / 4 : std::min(rows, kTileRows);
  }
  _tile_loadconfig(&config);
}

// Adds the products of a block to rows of the result.
template <class Packed>
class BlockResult {
 public:
  explicit BlockResult(const Packed& weights) : scale_(LoadHalves(weights.scale)) {
    if constexpr (Packed::kHasMins) {
      min_scale_ = LoadHalves(weights.min_scale);
      for (int i = 0; i < 4; i++) {
        mins_[i] = _mm512_cvtepi8_epi16(
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights.mins[i])));
      }
    }
  }

  // `sum` with the block's products of a row added.
  __m512 Add(__m512 sum, __m512i low, __m512i high, float row_scale,
             const int32_t* row_sums) const {
    const __m512i products = _mm512_add_epi32(_mm512_slli_epi32(high, Packed::kHighShift), low);
    const __m512 scale = _mm512_set1_ps(row_scale);
    sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(products), _mm512_mul_ps(scale_, scale), sum);
    if constexpr (Packed::kHasMins) {
      __m512i mins = _mm512_setzero_si512();
      for (int i = 0; i < 4; i++) {
        mins = _mm512_dpwssd_epi32(mins, _mm512_set1_epi32(row_sums[i]), mins_[i]);
      }
      sum = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(mins), _mm512_mul_ps(min_scale_, scale), sum);
    }
    return sum;
  }

 private:
  __m512 scale_;
  __m512 min_scale_;
  __m512i mins_[4];
};

// Part of a product: one or two row tiles, 16 columns, some of their blocks.
template <class Packed>
struct Part {
  const ActivationBlock* rows;  // the first row tile's first block
  int blocks_in_row;
  int row_count;
  const Packed* packed;        // the column's first block
  const WeightTiles* weights;  // from `begin` on
  int begin, end;              // blocks
  float* result;
  size_t result_stride;
};

// What AMX made of a block, for each row tile.
struct alignas(64) BlockSums {
  TileSums low[2], high[2];
};

// The part's results: in the product itself rows can lie so that they push each other out of the
// cache.
using Results = float[2 * kTileRows][kTileColumns];

template <class Packed>
void AddTile(const Part<Packed>& part, int block, const BlockSums& sums, int tile, int rows,
             Results& results) {
  const BlockResult<Packed> weights(part.packed[block]);
  const ActivationBlock& activations = part.rows[tile * part.blocks_in_row + block];
  const TileSums& low = sums.low[tile];
  const TileSums& high = sums.high[tile];
  float (*result)[kTileColumns] = results + tile * kTileRows;
  for (int row = 0; row < rows; row++) {
    const __m512 sum =
        weights.Add(_mm512_load_ps(result[row]), _mm512_load_si512(low[row]),
                    _mm512_load_si512(high[row]), activations.scale[row], activations.sums[row]);
    _mm512_store_ps(result[row], sum);
  }
}

// AMX multiplies one block while the one before is scaled and added.
template <class Packed, int kRowTiles, bool kFull>
void Multiply(const Part<Packed>& part) {
  alignas(64) Results results;
  for (int row = 0; row < part.row_count; row++) {
    _mm512_store_ps(results[row], part.begin == 0
                                      ? _mm512_setzero_ps()
                                      : _mm512_loadu_ps(part.result + row * part.result_stride));
  }
  BlockSums sums[2];
  const int last_rows = kFull ? kTileRows : part.row_count - (kRowTiles - 1) * kTileRows;
  for (int block = part.begin; block < part.end; block++) {
    const WeightTiles& weights = part.weights[block - part.begin];
    const BlockSums& before = sums[(block + 1) % 2];
    _tile_zero(4);
    _tile_zero(5);
    if constexpr (kRowTiles == 2) {
      _tile_zero(6);
      _tile_zero(7);
    }
    for (int step = 0; step < kSteps; step++) {
      _tile_loadd(0, weights.low[step], kStep);
      _tile_loadd(1, weights.high[step], kStep);
      _tile_loadd(2, part.rows[block].quants[step], kStep);
      _tile_dpbsud(4, 2, 0);
      if constexpr (Packed::kHighIsSigned) {
        _tile_dpbssd(5, 2, 1);
      } else {
        _tile_dpbsud(5, 2, 1);
      }
      if constexpr (kRowTiles == 2) {
        _tile_loadd(3, part.rows[part.blocks_in_row + block].quants[step], kStep);
        _tile_dpbsud(6, 3, 0);
        if constexpr (Packed::kHighIsSigned) {
          _tile_dpbssd(7, 3, 1);
        } else {
          _tile_dpbsud(7, 3, 1);
        }
      }
      if (block == part.begin) continue;
      if (kRowTiles == 2 && step == 1) AddTile(part, block - 1, before, 0, kTileRows, results);
      if (step == 3) AddTile(part, block - 1, before, kRowTiles - 1, last_rows, results);
    }
    BlockSums& now = sums[block % 2];
    _tile_stored(4, now.low[0], kStep);
    _tile_stored(5, now.high[0], kStep);
    if constexpr (kRowTiles == 2) {
      _tile_stored(6, now.low[1], kStep);
      _tile_stored(7, now.high[1], kStep);
    }
  }
  const BlockSums& last = sums[(part.end - 1) % 2];
  if (kRowTiles == 2) AddTile(part, part.end - 1, last, 0, kTileRows, results);
  AddTile(part, part.end - 1, last, kRowTiles - 1, last_rows, results);
  for (int row = 0; row < part.row_count; row++) {
    _mm512_storeu_ps(part.result + row * part.result_stride, _mm512_load_ps(results[row]));
  }
}

// A product, and how it is divided among threads.
template <class Packed>
class Product {
 public:
  Product(const ggml_compute_params* params, ggml_tensor* product)
      : params_(params),
        row_count_(int(ggml_nrows(product))),
        blocks_(int(product->src[0]->ne[0] / QK_K)),
        column_tiles_(int(product->ne[0] / kTileColumns)),
        packed_(static_cast<const Packed*>(product->src[0]->data)),
        input_(static_cast<const float*>(product->src[1]->data)),
        result_(static_cast<float*>(product->data)),
        memory_(params, row_count_, blocks_ * QK_K),
        group_(row_count_ <= kFewRowsLimit ? kFewRows : kManyRows) {}

  void Compute() {
    const int threads = params_->nth, thread = params_->ith;
    QuantizeRows(input_, blocks_ * QK_K, row_count_ * thread / threads,
                 row_count_ * (thread + 1) / threads, memory_.rows);

    // Threads take the next piece when they are done with one, as no two are equally fast.
    const int wanted = 4 * threads;
    const int columns =
        std::clamp(column_tiles_ / wanted, 1, row_count_ <= kFewRowsLimit ? 16 : kManyRows.columns);
    const int column_pieces = DivideUp(column_tiles_, columns);
    const int row_pieces = std::clamp(wanted / column_pieces, 1, DivideUp(row_count_, 128));
    const int rows = DivideUp(DivideUp(row_count_, row_pieces), 2 * kTileRows) * 2 * kTileRows;

    if (thread == 0) ggml_threadpool_chunk_set(params_->threadpool, threads);
    ggml_barrier(params_->threadpool);
    ConfigureTiles(row_count_);
    for (int piece = thread; piece < column_pieces * row_pieces;
         piece = ggml_threadpool_chunk_add(params_->threadpool, 1)) {
      const int column = piece % column_pieces * columns;
      const int row = piece / column_pieces * rows;
      Compute(column, std::min(column + columns, column_tiles_), row,
              std::min(row + rows, row_count_));
    }
    _tile_release();
  }

 private:
  void Compute(int column_begin, int column_end, int row_begin, int row_end) {
    for (int column = column_begin; column < column_end; column += group_.columns) {
      const int columns = std::min(group_.columns, column_end - column);
      for (int block = 0; block < blocks_; block += group_.blocks) {
        const int blocks = std::min(group_.blocks, blocks_ - block);
        for (int i = 0; i < columns; i++) {
          for (int j = 0; j < blocks; j++) {
            PackedAt(column + i)[block + j].Expand(memory_.weights[i * group_.blocks + j]);
          }
        }
        FinishStores();
        for (int row = row_begin; row < row_end; row += 2 * kTileRows) {
          for (int i = 0; i < columns; i++) {
            ComputePart(column + i, i, row, std::min(2 * kTileRows, row_end - row), block, blocks);
          }
        }
      }
    }
  }

  void ComputePart(int column, int column_in_group, int row, int rows, int block, int blocks) {
    const Part<Packed> part{
        memory_.rows + size_t(row / kTileRows) * blocks_,
        blocks_,
        rows,
        PackedAt(column),
        memory_.weights + column_in_group * group_.blocks,
        block,
        block + blocks,
        result_ + size_t(row) * column_tiles_ * kTileColumns + column * kTileColumns,
        size_t(column_tiles_) * kTileColumns};
    if (rows == 2 * kTileRows) {
      Multiply<Packed, 2, true>(part);
    } else if (rows > kTileRows) {
      Multiply<Packed, 2, false>(part);
    } else {
      Multiply<Packed, 1, false>(part);
    }
  }

  const Packed* PackedAt(int column) const { return packed_ + size_t(column) * blocks_; }

  const ggml_compute_params* params_;
  int row_count_, blocks_, column_tiles_;
  const Packed* packed_;
  const float* input_;
  float* result_;
  WorkMemory memory_;
  WeightGroup group_;
};

}  // namespace

bool AmxMatmulTakes(const ggml_tensor* weights) {
  const bool is_k_quant = weights->type == GGML_TYPE_Q4_K || weights->type == GGML_TYPE_Q5_K ||
                          weights->type == GGML_TYPE_Q6_K;
  return is_k_quant && weights->ne[0] % QK_K == 0 && weights->ne[1] % kTileColumns == 0 &&
         weights->ne[2] == 1 && weights->ne[3] == 1;
}

size_t AmxMatmulWorkSize(const ggml_tensor* product, int threads) {
  if (!AmxMatmulTakes(product->src[0])) return 0;
  return WorkMemory::Size(int(ggml_nrows(product)), int(product->src[0]->ne[0]), threads);
}

bool AmxMatmul(const ggml_compute_params* params, ggml_tensor* product) {
  if (ggml_nrows(product) == 1 || !AmxMatmulTakes(product->src[0])) return false;
  switch (product->src[0]->type) {
    case GGML_TYPE_Q4_K:
      Product<PackedQ4K>(params, product).Compute();
      return true;
    case GGML_TYPE_Q5_K:
      Product<PackedQ5K>(params, product).Compute();
      return true;
    default:
      Product<PackedQ6K>(params, product).Compute();
      return true;
  }
}

void QuantizeRowQ8K(const float* x, void* y, long columns) {
  auto* blocks = static_cast<block_q8_K*>(y);
  for (long i = 0; i < columns / QK_K; i++) {
    const Q8Block quantized = Quantize256(x + i * QK_K);
    std::memcpy(blocks[i].qs, quantized.quants, sizeof blocks[i].qs);
    std::memcpy(blocks[i].bsums, &quantized.sums, sizeof blocks[i].bsums);
    blocks[i].d = quantized.scale;
  }
}

}  // namespace codellama

#else

namespace codellama {

bool AmxMatmulTakes(const ggml_tensor*) { return false; }
size_t AmxMatmulWorkSize(const ggml_tensor*, int) { return 0; }
bool AmxMatmul(const ggml_compute_params*, ggml_tensor*) { return false; }

}  // namespace codellama

#endif
