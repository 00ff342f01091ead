#include "amx_matmul.h"

#include "ggml-cpu-impl.h"
#define GGML_COMMON_DECL_CPP
#include "ggml-common.h"

#if defined(__AMX_INT8__) && defined(__AVX512VNNI__)

#include <algorithm>
#include <cstring>

#include "fp16.h"
#include "packed_weights.h"
#include "q8_rows.h"
#include "rounding.h"

namespace codellama::kernels {
namespace {

constexpr int kTileRows = 16;

// One block of activations: 16 rows of 256 elements.
struct alignas(64) ActivationBlock {
  int8_t quants[kTilesPerBlock][kTileRows][kTileDepth];
  int32_t sums[kTileRows][4];  // two int16 in each, one per 32 quants
  float scale[kTileRows];
};

// A tile of 32-bit accumulators.
using TileAccumulators = int32_t[kTileRows][kTileColumns];

constexpr int kTilePairRows = 2 * kTileRows;  // rows that are multiplied together

// Results of a pair of row tiles and a column tile. They are kept apart from the output, whose rows
// can fall into the same cache sets.
using Results = float[kTilePairRows][kTileColumns];

// Column tiles that are multiplied with all rows before the next ones are expanded: one block of
// each stays in the L1 cache. Up to kFewRows rows gain nothing from a second tile.
constexpr int kGroupColumnTiles = 2;
constexpr int kFewRows = 64;
constexpr int kMaxRows = 512;  // rows whose results a thread keeps

// Work memory of one thread.
struct Scratch {
  WeightTiles weights[kGroupColumnTiles];
  alignas(64) Results results[kMaxRows / kTilePairRows][kGroupColumnTiles];
};

// Layout of the work memory: activations shared by all threads, then a Scratch per thread.
struct WorkMemory {
  ActivationBlock* rows;  // [row tiles][blocks]
  Scratch* scratch;

  static size_t Size(int row_count, int blocks, int threads) {
    return kCacheLine + RowBlocks(row_count, blocks) * sizeof(ActivationBlock) +
           threads * sizeof(Scratch);
  }

  WorkMemory(const ggml_compute_params* params, int row_count, int blocks) {
    const auto address = reinterpret_cast<uintptr_t>(params->wdata);
    rows = reinterpret_cast<ActivationBlock*>(RoundUpToCacheLine(address));
    scratch = reinterpret_cast<Scratch*>(rows + RowBlocks(row_count, blocks)) + params->ith;
  }

 private:
  static size_t RowBlocks(int row_count, int blocks) {
    return static_cast<size_t>(DivideUp(row_count, kTileRows)) * blocks;
  }
};

void QuantizeRows(const float* x, int blocks, int begin, int end, ActivationBlock* rows) {
  for (int row = begin; row < end; row++) {
    for (int i = 0; i < blocks; i++) {
      const Q8Block quantized = Quantize256(x + (static_cast<size_t>(row) * blocks + i) * QK_K);
      ActivationBlock& block = rows[static_cast<size_t>(row / kTileRows) * blocks + i];
      const int r = row % kTileRows;
      for (int tile = 0; tile < kTilesPerBlock; tile++) {
        _mm512_store_si512(block.quants[tile][r], quantized.quants[tile]);
      }
      const __m256i ones = _mm256_set1_epi16(1);
      const __m256i sums_of_32 = _mm256_madd_epi16(quantized.sums, ones);
      _mm_store_si128(reinterpret_cast<__m128i*>(block.sums[r]), _mm256_cvtepi32_epi16(sums_of_32));
      block.scale[r] = quantized.scale;
    }
  }
}

// Tiles 0 and 1 hold weights, 2 and 3 activations, 4 to 7 accumulators. With fewer than 16 rows,
// one shorter row tile is used, which takes AMX less time.
void ConfigureTilesFor(int row_count) {
  constexpr uint8_t kWeights = kTileDepth / 4;
  const auto rows = static_cast<uint8_t>(std::min(row_count, kTileRows));
  ConfigureTiles({kWeights, kWeights, rows, rows, rows, rows, rows, rows});
}

// Scales the integer products of a block and adds them to rows of the result.
template <class Packed>
class BlockResult {
 public:
  explicit BlockResult(const Packed& weights) : scale_(LoadFp16(weights.scale)) {
    if constexpr (Packed::kHasMins) {
      min_scale_ = LoadFp16(weights.min_scale);
      for (int i = 0; i < 4; i++) {
        mins_[i] = _mm512_cvtepi8_epi16(
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights.mins[i])));
      }
    }
  }

  // Returns `sum` plus the block's products of one row.
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

// The product of one or two row tiles with a column tile, over one block.
template <class Packed>
struct TileProduct {
  const ActivationBlock* rows[2];
  int row_count;
  const Packed* packed;
  const WeightTiles* weights;
  Results* results;
};

// Multiplies one tile product after the other. While AMX works on one, the CPU scales and adds the
// previous one.
template <class Packed>
class Pipeline {
 public:
  void Multiply(const TileProduct<Packed>& product) {
    if (product.row_count > kTileRows) {
      Multiply<2>(product);
    } else {
      Multiply<1>(product);
    }
  }

  void Finish() {
    AddTile(0);
    AddTile(1);
  }

 private:
  template <int kRowTiles>
  void Multiply(const TileProduct<Packed>& product) {
    _tile_zero(4);
    _tile_zero(5);
    if constexpr (kRowTiles == 2) {
      _tile_zero(6);
      _tile_zero(7);
    }
    for (int tile = 0; tile < kTilesPerBlock; tile++) {
      _tile_loadd(0, product.weights->low[tile], kTileDepth);
      _tile_loadd(1, product.weights->high[tile], kTileDepth);
      _tile_loadd(2, product.rows[0]->quants[tile], kTileDepth);
      _tile_dpbsud(4, 2, 0);
      if constexpr (Packed::kHighIsSigned) {
        _tile_dpbssd(5, 2, 1);
      } else {
        _tile_dpbsud(5, 2, 1);
      }
      if constexpr (kRowTiles == 2) {
        _tile_loadd(3, product.rows[1]->quants[tile], kTileDepth);
        _tile_dpbsud(6, 3, 0);
        if constexpr (Packed::kHighIsSigned) {
          _tile_dpbssd(7, 3, 1);
        } else {
          _tile_dpbsud(7, 3, 1);
        }
      }
      // The accumulators of the previous product are in memory by now.
      if (tile == 1) AddTile(0);
      if (tile == 3) AddTile(1);
    }
    current_ = 1 - current_;
    Accumulators& sums = accumulators_[current_];
    _tile_stored(4, sums.low[0], kTileDepth);
    _tile_stored(5, sums.high[0], kTileDepth);
    if constexpr (kRowTiles == 2) {
      _tile_stored(6, sums.low[1], kTileDepth);
      _tile_stored(7, sums.high[1], kTileDepth);
    }
    previous_ = product;
  }

  void AddTile(int tile) {
    const int rows = previous_.row_count - tile * kTileRows;
    if (rows >= kTileRows) {
      AddRows(tile, kTileRows);
    } else if (rows > 0) {
      AddRows(tile, rows);
    }
  }

  void AddRows(int tile, int rows) {
    const BlockResult<Packed> weights(*previous_.packed);
    const ActivationBlock& activations = *previous_.rows[tile];
    const TileAccumulators& low = accumulators_[current_].low[tile];
    const TileAccumulators& high = accumulators_[current_].high[tile];
    float (*result)[kTileColumns] = *previous_.results + tile * kTileRows;
    for (int row = 0; row < rows; row++) {
      const __m512 sum =
          weights.Add(_mm512_load_ps(result[row]), _mm512_load_si512(low[row]),
                      _mm512_load_si512(high[row]), activations.scale[row], activations.sums[row]);
      _mm512_store_ps(result[row], sum);
    }
  }

  struct alignas(64) Accumulators {
    TileAccumulators low[2], high[2];
  };

  TileProduct<Packed> previous_{};
  Accumulators accumulators_[2];  // of the previous and the current product
  int current_ = 0;
};

// One product, divided among threads.
template <class Packed>
class Matmul {
 public:
  Matmul(const ggml_compute_params* params, ggml_tensor* product)
      : params_(params),
        row_count_(static_cast<int>(ggml_nrows(product))),
        blocks_(static_cast<int>(product->src[0]->ne[0] / QK_K)),
        column_tiles_(static_cast<int>(product->ne[0] / kTileColumns)),
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

    // A thread that finishes a chunk takes the next one: threads are not equally fast.
    const int wanted = 4 * threads;
    const int group = row_count_ <= kFewRows ? 1 : kGroupColumnTiles;
    const int columns = std::clamp(column_tiles_ / group / wanted, 1, 8) * group;
    const int column_chunks = DivideUp(column_tiles_, columns);
    const int row_chunks = std::max<int>(DivideUp(row_count_, kMaxRows),
                                         std::min(wanted / column_chunks, row_count_ / 128));
    const int rows = DivideUp(DivideUp(row_count_, row_chunks), kTilePairRows) * kTilePairRows;
    ConfigureTilesFor(row_count_);
    for (int chunk = thread; chunk < column_chunks * row_chunks;
         chunk = ggml_threadpool_chunk_add(params_->threadpool, 1)) {
      const int begin = chunk % column_chunks * columns;
      const int row = chunk / column_chunks * rows;
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
    const int pairs = DivideUp(row_count, kTilePairRows);
    std::memset(scratch.results, 0, pairs * sizeof scratch.results[0]);
    Pipeline<Packed> pipeline;
    for (int block = 0; block < blocks_; block++) {
      for (int i = 0; i < columns; i++) PackedAt(column + i, block)->Expand(scratch.weights[i]);
      FinishStores();
      for (int pair = 0; pair < pairs; pair++) {
        const int row = pair * kTilePairRows;
        const ActivationBlock* rows = RowsAt(row_begin + row, block);
        for (int i = 0; i < columns; i++) {
          pipeline.Multiply({{rows, rows + blocks_},
                             std::min(kTilePairRows, row_count - row),
                             PackedAt(column + i, block),
                             &scratch.weights[i],
                             &scratch.results[pair][i]});
        }
      }
    }
    pipeline.Finish();
    for (int row = 0; row < row_count; row++) {
      float* result =
          result_ + (static_cast<size_t>(row_begin + row) * column_tiles_ + column) * kTileColumns;
      for (int i = 0; i < columns; i++) {
        const float* sums = scratch.results[row / kTilePairRows][i][row % kTilePairRows];
        _mm512_storeu_ps(result + i * kTileColumns, _mm512_load_ps(sums));
      }
    }
  }

  const Packed* PackedAt(int column, int block) const {
    return packed_ + static_cast<size_t>(column) * blocks_ + block;
  }
  const ActivationBlock* RowsAt(int row, int block) const {
    return memory_.rows + static_cast<size_t>(row / kTileRows) * blocks_ + block;
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
  return WorkMemory::Size(static_cast<int>(ggml_nrows(product)),
                          static_cast<int>(product->src[0]->ne[0] / QK_K), threads);
}

bool AmxMatmul(const ggml_compute_params* params, ggml_tensor* product) {
  if (ggml_nrows(product) == 1 || !IsAmxMatmulSupported(product->src[0])) return false;
  switch (product->src[0]->type) {
    case GGML_TYPE_Q4_K:
      Matmul<PackedQ4K>(params, product).Compute();
      return true;
    case GGML_TYPE_Q5_K:
      Matmul<PackedQ5K>(params, product).Compute();
      return true;
    default:
      Matmul<PackedQ6K>(params, product).Compute();
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
