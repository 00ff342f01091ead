#include "attention.h"

#include <algorithm>
#include <cstdint>

#include "amx_attention.h"
#include "ggml-cpu-impl.h"
#include "plain_attention.h"
#include "row_attention.h"

using namespace codellama::kernels;

namespace {

constexpr int kSampledRows = 8;

// How many of the rows look at a cell, of those that any of them looks at; by eight rows of the
// mask.
float ShareOfRows(const ggml_tensor* mask) {
  const Half* rows[kSampledRows];
  for (int i = 0; i < kSampledRows; i++) {
    rows[i] = RowOf<const Half>(mask, i * mask->ne[1] / kSampledRows, 0, 0);
  }
  int64_t looks = 0, cells = 0;
  for (int64_t cell = 0; cell < mask->ne[0]; cell++) {
    int rows_of_cell = 0;
    for (const Half* row : rows) rows_of_cell += row[cell] != kHidden;
    looks += rows_of_cell;
    cells += rows_of_cell != 0;
  }
  return cells == 0 ? 0.0f : float(looks) / float(cells * kSampledRows);
}

// Whether tiles pay: those of the keys and values are made once for all rows, and compute all rows
// with all cells. A row for itself takes three times as long as in them, but for its own cells
// alone; making the tiles takes as long as 12 such rows. Rows of one prompt share their cells,
// those of many sequences don't.
bool TilesPay(const ggml_tensor* attention) {
  const auto rows = float(attention->src[kQuery]->ne[1]);
  const ggml_tensor* mask = attention->src[kMask];
  const float share = mask == nullptr ? 1.0f : ShareOfRows(mask);
  return rows * share >= 12.0f + 0.3f * rows;
}

}  // namespace

size_t codellama_attention_work_size(const ggml_tensor* attention, int threads) {
  size_t size = 0;
  if (RowAttentionTakes(attention)) {
    size = RowAttentionWorkSize(attention, threads);
  }
  if (AmxAttentionTakes(attention)) {
    size = std::max(size, AmxAttentionWorkSize(attention, threads));
  }
  return size;
}

bool codellama_attention(const ggml_compute_params* params, ggml_tensor* attention) {
  if (params->use_ref) return false;
  constexpr int64_t kRowsOfGgmlsTiles = 64;
  const bool has_tiles = AmxAttentionTakes(attention);
  const bool ggml_has_tiles = attention->src[kQuery]->ne[1] >= kRowsOfGgmlsTiles;
  const bool tiles_pay = (has_tiles || ggml_has_tiles) && TilesPay(attention);
  if (RowAttentionTakes(attention) && !tiles_pay) {
    RowAttention(params, attention);
    return true;
  }
  if (!has_tiles) return false;
  AmxAttention(params, attention);
  return true;
}
