#include "attention.h"

#include <algorithm>
#include <cstdint>

#include "amx_attention.h"
#include "ggml-cpu-impl.h"
#include "plain_attention.h"
#include "row_attention.h"

using codellama::kMask;
using codellama::kQuery;

namespace {

// The part of the cells that rows attend to, by eight of the rows.
float SeenShare(const ggml_tensor* mask) {
  if (mask == nullptr) return 1.0f;
  constexpr ggml_fp16_t kMinusInfinity = 0xfc00;
  const int64_t rows = std::min<int64_t>(8, mask->ne[1]);
  int64_t seen = 0;
  for (int64_t i = 0; i < rows; i++) {
    const auto* row = reinterpret_cast<const ggml_fp16_t*>(static_cast<const char*>(mask->data) +
                                                           i * mask->ne[1] / rows * mask->nb[1]);
    seen += mask->ne[0] - std::count(row, row + mask->ne[0], kMinusInfinity);
  }
  return float(seen) / float(rows * mask->ne[0]);
}

// Rows of one prompt look at the same cells, which pays for taking them tile by tile. Those of many
// sequences in one cache look at few of its cells, and each at others.
bool IsPrompt(const ggml_tensor* attention) {
  constexpr float kLeastShare = 0.125f;
  return SeenShare(attention->src[kMask]) >= kLeastShare;
}

}  // namespace

size_t codellama_attention_work_size(const ggml_tensor* attention, int threads) {
  size_t size = 0;
  if (codellama::RowAttentionTakes(attention)) {
    size = codellama::RowAttentionWorkSize(attention, threads);
  }
  if (codellama::AmxAttentionTakes(attention)) {
    size = std::max(size, codellama::AmxAttentionWorkSize(attention, threads));
  }
  return size;
}

bool codellama_attention(const ggml_compute_params* params, ggml_tensor* attention) {
  if (params->use_ref) return false;
  const bool takes_rows = codellama::RowAttentionTakes(attention);
  if (codellama::AmxAttentionTakes(attention) && (!takes_rows || IsPrompt(attention))) {
    codellama::AmxAttention(params, attention);
    return true;
  }
  constexpr int64_t kRowsOfGgmlsTiles = 64;
  if (!takes_rows) return false;
  if (attention->src[kQuery]->ne[1] >= kRowsOfGgmlsTiles && IsPrompt(attention)) return false;
  codellama::RowAttention(params, attention);
  return true;
}
