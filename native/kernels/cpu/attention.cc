#include "attention.h"

#include <algorithm>
#include <cstdint>

#include "amx_attention.h"
#include "attention_node.h"
#include "ggml-cpu-impl.h"
#include "row_attention.h"

using namespace codellama::kernels;

namespace {

constexpr int kSampledRows = 8;

// Average share of rows that see a cell, over the cells that any row sees. Sampled from eight rows.
float ShareOfRows(const ggml_tensor* mask) {
  const Fp16* rows[kSampledRows];
  for (int i = 0; i < kSampledRows; i++) {
    rows[i] = RowOf<const Fp16>(mask, i * mask->ne[1] / kSampledRows, 0, 0);
  }
  int64_t visible = 0, cells = 0;
  for (int64_t cell = 0; cell < mask->ne[0]; cell++) {
    int cell_rows = 0;
    for (const Fp16* row : rows) cell_rows += row[cell] != kHidden;
    visible += cell_rows;
    cells += cell_rows != 0;
  }
  return cells == 0 ? 0.0f : static_cast<float>(visible) / static_cast<float>(cells * kSampledRows);
}

// Whether tiles are faster than row attention. Tiles compute every row with every cell at a third
// of the cost, but making them costs as much as 12 rows. Row attention computes visible cells only.
// Rows of one prompt share their cells; rows of different sequences do not.
bool AreTilesFaster(const ggml_tensor* attention) {
  const auto rows = static_cast<float>(attention->src[kQuery]->ne[1]);
  const ggml_tensor* mask = attention->src[kMask];
  const float share = mask == nullptr ? 1.0f : ShareOfRows(mask);
  return rows * share >= 12.0f + 0.3f * rows;
}

}  // namespace

size_t codellama_attention_work_size(const ggml_tensor* attention, int threads) {
  size_t size = 0;
  if (IsRowAttentionSupported(attention)) {
    size = RowAttentionWorkSize(attention, threads);
  }
  if (IsAmxAttentionSupported(attention)) {
    size = std::max(size, AmxAttentionWorkSize(attention, threads));
  }
  return size;
}

bool codellama_attention(const ggml_compute_params* params, ggml_tensor* attention) {
  if (params->use_ref) return false;
  constexpr int64_t kGgmlTileRows = 64;  // ggml uses its own tiles from here on
  const bool has_tiles = IsAmxAttentionSupported(attention);
  const bool ggml_has_tiles = attention->src[kQuery]->ne[1] >= kGgmlTileRows;
  const bool use_tiles = (has_tiles || ggml_has_tiles) && AreTilesFaster(attention);
  if (IsRowAttentionSupported(attention) && !use_tiles) {
    RowAttention(params, attention);
    return true;
  }
  if (!has_tiles) return false;
  AmxAttention(params, attention);
  return true;
}
