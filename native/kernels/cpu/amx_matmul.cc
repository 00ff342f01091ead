#include "amx_matmul.h"

#include "ggml-cpu-impl.h"
#define GGML_COMMON_DECL_CPP
#include "ggml-common.h"

#if defined(__AMX_INT8__) && defined(__AVX512VNNI__)

#include <algorithm>
#include <cstring>

#include "halves.h"
#include "packed_weights.h"
#include "q8_rows.h"
#include "rounding.h"

namespace codellama::kernels {
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

constexpr int kPairRows = 2 * kTileRows;  // rows that are computed together

// Results of a pair of row tiles and a tile of columns, apart from the product: its rows can lie so
// that they push each other out of the cache.
using Results = float[kPairRows][kTileColumns];

// Weights that all rows are multiplied with before the next ones follow: one block of so many
// tiles of columns stays in the first-level cache. Few rows gain nothing from a second one.
constexpr int kGroupColumns = 2;
constexpr int kFewRows = 64;
constexpr int kMostRows = 512;  // whose results a thread keeps

// What a thread works with.
struct Scratch {
  WeightTiles weights[kGroupColumns];
  alignas(64) Results results[kMostRows / kPairRows][kGroupColumns];
};

// The parts of the work memory.
struct WorkMemory {
  ActivationBlock* rows;  // row tiles, and in each its blocks
  Scratch* scratch;

  static size_t Size(int row_count, int blocks, int threads) {
    return kCacheLine + RowBlocks(row_count, blocks) * sizeof(ActivationBlock) +
           threads * sizeof(Scratch);
  }

  WorkMemory(const ggml_compute_params* params, int row_count, int blocks) {
    const auto address = reinterpret_cast<uintptr_t>(params->wdata);
    rows = reinterpret_cast<ActivationBlock*>(ToCacheLine(address));
    scratch = reinterpret_cast<Scratch*>(rows + RowBlocks(row_count, blocks)) + params->ith;
  }

 private:
  static size_t RowBlocks(int row_count, int blocks) {
    return size_t(DivideUp(row_count, kTileRows)) * blocks;
  }
};

void QuantizeRows(const float* x, int blocks, int begin, int end, ActivationBlock* rows) {
  for (int row = begin; row < end; row++) {
    for (int i = 0; i < blocks; i++) {
      const Q8Block quantized = Quantize256(x + (size_t(row) * blocks + i) * QK_K);
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
void ConfigureTilesFor(int row_count) {
  constexpr uint8_t kWeights = kStep / 4;
  const auto rows = uint8_t(std::min(row_count, kTileRows));
  ConfigureTiles({kWeights, kWeights, rows, rows, rows, rows, rows, rows});
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

// A block's part of a product: a pair of row tiles, or one, and a tile of columns.
template <class Packed>
struct Part {
  const ActivationBlock* rows[2];
  int row_count;
  const Packed* packed;
  const WeightTiles* weights;
  Results* results;
};

// Multiplies one part after the other: while AMX is at one, the one before is scaled and added.
template <class Packed>
class Pipeline {
 public:
  void Multiply(const Part<Packed>& part) {
    if (part.row_count > kTileRows) {
      Multiply<2>(part);
    } else {
      Multiply<1>(part);
    }
  }

  void Finish() {
    AddTile(0);
    AddTile(1);
  }

 private:
  template <int kRowTiles>
  void Multiply(const Part<Packed>& part) {
    _tile_zero(4);
    _tile_zero(5);
    if constexpr (kRowTiles == 2) {
      _tile_zero(6);
      _tile_zero(7);
    }
    for (int step = 0; step < kSteps; step++) {
      _tile_loadd(0, part.weights->low[step], kStep);
      _tile_loadd(1, part.weights->high[step], kStep);
      _tile_loadd(2, part.rows[0]->quants[step], kStep);
      _tile_dpbsud(4, 2, 0);
      if constexpr (Packed::kHighIsSigned) {
        _tile_dpbssd(5, 2, 1);
      } else {
        _tile_dpbsud(5, 2, 1);
      }
      if constexpr (kRowTiles == 2) {
        _tile_loadd(3, part.rows[1]->quants[step], kStep);
        _tile_dpbsud(6, 3, 0);
        if constexpr (Packed::kHighIsSigned) {
          _tile_dpbssd(7, 3, 1);
        } else {
          _tile_dpbsud(7, 3, 1);
        }
      }
      // Its sums are in memory by then.
      if (step == 1) AddTile(0);
      if (step == 3) AddTile(1);
    }
    turn_ = 1 - turn_;
    Sums& sums = sums_[turn_];
    _tile_stored(4, sums.low[0], kStep);
    _tile_stored(5, sums.high[0], kStep);
    if constexpr (kRowTiles == 2) {
      _tile_stored(6, sums.low[1], kStep);
      _tile_stored(7, sums.high[1], kStep);
    }
    before_ = part;
  }

  void AddTile(int tile) {
    const int rows = before_.row_count - tile * kTileRows;
    if (rows >= kTileRows) {
      AddRows(tile, kTileRows);
    } else if (rows > 0) {
      AddRows(tile, rows);
    }
  }

  void AddRows(int tile, int rows) {
    const BlockResult<Packed> weights(*before_.packed);
    const ActivationBlock& activations = *before_.rows[tile];
    const TileSums& low = sums_[turn_].low[tile];
    const TileSums& high = sums_[turn_].high[tile];
    float (*result)[kTileColumns] = *before_.results + tile * kTileRows;
    for (int row = 0; row < rows; row++) {
      const __m512 sum =
          weights.Add(_mm512_load_ps(result[row]), _mm512_load_si512(low[row]),
                      _mm512_load_si512(high[row]), activations.scale[row], activations.sums[row]);
      _mm512_store_ps(result[row], sum);
    }
  }

  struct alignas(64) Sums {
    TileSums low[2], high[2];
  };

  Part<Packed> before_{};
  Sums sums_[2];  // of the part before, and of the one at work
  int turn_ = 0;
};

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
        memory_(params, row_count_, blocks_) {}

  void Compute() {
    const int threads = params_->nth, thread = params_->ith;
    QuantizeRows(input_, blocks_, row_count_ * thread / threads,
                 row_count_ * (thread + 1) / threads, memory_.rows);
    if (thread == 0) ggml_threadpool_chunk_set(params_->threadpool, threads);
    ggml_barrier(params_->threadpool);

    // Threads take the next piece when they are done with one, as no two are equally fast.
    const int wanted = 4 * threads;
    const int group = row_count_ <= kFewRows ? 1 : kGroupColumns;
    const int columns = std::clamp(column_tiles_ / group / wanted, 1, 8) * group;
    const int column_pieces = DivideUp(column_tiles_, columns);
    const int row_pieces = std::max<int>(DivideUp(row_count_, kMostRows),
                                         std::min(wanted / column_pieces, row_count_ / 128));
    const int rows = DivideUp(DivideUp(row_count_, row_pieces), kPairRows) * kPairRows;
    ConfigureTilesFor(row_count_);
    for (int piece = thread; piece < column_pieces * row_pieces;
         piece = ggml_threadpool_chunk_add(params_->threadpool, 1)) {
      const int begin = piece % column_pieces * columns;
      const int row = piece / column_pieces * rows;
      const int end = std::min(begin + columns, column_tiles_);
      for (int column = begin; column < end; column += group) {
        ComputeGroup(column, std::min(group, end - column), row, std::min(rows, row_count_ - row));
      }
    }
    _tile_release();
  }

 private:
  void ComputeGroup(int column, int columns, int row_begin, int row_count) {
    Scratch& scratch = *memory_.scratch;
    const int pairs = DivideUp(row_count, kPairRows);
    std::memset(scratch.results, 0, pairs * sizeof scratch.results[0]);
    Pipeline<Packed> pipeline;
    for (int block = 0; block < blocks_; block++) {
      for (int i = 0; i < columns; i++) PackedAt(column + i, block)->Expand(scratch.weights[i]);
      FinishStores();
      for (int pair = 0; pair < pairs; pair++) {
        const int row = pair * kPairRows;
        const ActivationBlock* rows = RowsAt(row_begin + row, block);
        for (int i = 0; i < columns; i++) {
          pipeline.Multiply({{rows, rows + blocks_},
                             std::min(kPairRows, row_count - row),
                             PackedAt(column + i, block),
                             &scratch.weights[i],
                             &scratch.results[pair][i]});
        }
      }
    }
    pipeline.Finish();
    for (int row = 0; row < row_count; row++) {
      float* result = result_ + (size_t(row_begin + row) * column_tiles_ + column) * kTileColumns;
      for (int i = 0; i < columns; i++) {
        const float* sums = scratch.results[row / kPairRows][i][row % kPairRows];
        _mm512_storeu_ps(result + i * kTileColumns, _mm512_load_ps(sums));
      }
    }
  }

  const Packed* PackedAt(int column, int block) const {
    return packed_ + size_t(column) * blocks_ + block;
  }
  const ActivationBlock* RowsAt(int row, int block) const {
    return memory_.rows + size_t(row / kTileRows) * blocks_ + block;
  }

  const ggml_compute_params* params_;
  int row_count_, blocks_, column_tiles_;
  const Packed* packed_;
  const float* input_;
  float* result_;
  WorkMemory memory_;
};

}  // namespace

bool IsAmxMatmulSupported(const ggml_tensor* weights) {
  const bool is_k_quant = weights->type == GGML_TYPE_Q4_K || weights->type == GGML_TYPE_Q5_K ||
                          weights->type == GGML_TYPE_Q6_K;
  return is_k_quant && weights->ne[0] % QK_K == 0 && weights->ne[1] % kTileColumns == 0 &&
         weights->ne[2] == 1 && weights->ne[3] == 1;
}

size_t AmxMatmulWorkSize(const ggml_tensor* product, int threads) {
  if (!IsAmxMatmulSupported(product->src[0])) return 0;
  return WorkMemory::Size(int(ggml_nrows(product)), int(product->src[0]->ne[0] / QK_K), threads);
}

bool AmxMatmul(const ggml_compute_params* params, ggml_tensor* product) {
  if (ggml_nrows(product) == 1 || !IsAmxMatmulSupported(product->src[0])) return false;
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

}  // namespace codellama::kernels

#else

namespace codellama::kernels {

bool IsAmxMatmulSupported(const ggml_tensor*) { return false; }
size_t AmxMatmulWorkSize(const ggml_tensor*, int) { return 0; }
bool AmxMatmul(const ggml_compute_params*, ggml_tensor*) { return false; }

}  // namespace codellama::kernels

#endif
