#include "engine/llama/context_size.h"

#include <algorithm>
#include <limits>
#include <string>

#include "engine/base/error.h"
#include "engine/base/machine.h"
#include "engine/llama/flash_attention.h"
#include "engine/llama/kv_type.h"
#include "llama.h"

namespace codellama {

namespace {

// llama.cpp makes contexts of whole blocks of this many cells.
constexpr uint64_t kCellBlock = 256;

// Greatest number of cells. With learned positions it is the number of positions, because one
// sequence may use all cells.
uint64_t LargestContext(const Model& model) {
  const auto positions = model.position_limit();
  if (!positions) return std::numeric_limits<uint32_t>::max();
  if (*positions >= kCellBlock) return *positions / kCellBlock * kCellBlock;
  throw Error(ErrorCode::kModelUnsupported, "the model has only " + std::to_string(*positions) +
                                                " learned positions; at least " +
                                                std::to_string(kCellBlock) + " are needed");
}

// Bytes per cell in host memory. Layers on a GPU keep their cells there, and Placement has checked
// the room for them.
uint64_t KvBytesPerCellOnHost(const Model& model, const ContextOptions& options) {
  const auto layers = static_cast<uint64_t>(std::max(model.facts().layers, 1));
  const auto on_gpu = static_cast<uint64_t>(std::max(model.placement().gpu_layers(), 0));
  return KvBytesPerCell(model, options) * (layers - std::min(on_gpu, layers)) / layers;
}

}  // namespace

uint64_t KvBytesPerCell(const Model& model, const ContextOptions& options) {
  const auto kv_heads = static_cast<uint32_t>(std::max(llama_model_n_head_kv(model.get()), 1));
  const HeadSizes sizes = SizesOfHeads(model);
  const uint32_t key = sizes.key * kv_heads;
  const uint32_t value = sizes.value * kv_heads;
  return static_cast<uint64_t>(model.facts().layers) *
         (ggml_row_size(ParseKvType(options.kv_type_k), key) +
          ggml_row_size(ParseKvType(options.kv_type_v), value));
}

uint32_t ChooseContextSize(const Model& model, const ContextOptions& options, bool separate) {
  const uint64_t cell = KvBytesPerCellOnHost(model, options);
  const uint64_t largest = LargestContext(model);
  const auto available = AvailableMemory();
  if (options.context_size == 0) {
    // The default leaves half of the free memory to other programs.
    uint64_t size = static_cast<uint64_t>(std::max(model.facts().training_context, 256));
    if (separate) size *= options.parallel;
    const uint32_t fitted = model.placement().context_size();
    if (fitted > 0) size = std::min<uint64_t>(size, fitted);
    if (available && cell > 0) size = std::min(size, *available / 2 / cell);
    return static_cast<uint32_t>(std::min(std::max(size, kCellBlock), largest));
  }
  if (options.context_size > largest) {
    throw Error(ErrorCode::kInvalidArgument,
                "contextSize " + std::to_string(options.context_size) +
                    " is more than the model has learned positions for: " +
                    std::to_string(largest) + " at most");
  }
  // llama.cpp writes to the whole cache at once. If the system has promised more memory than it
  // has, it would end the process instead of failing the call.
  const uint64_t needed = cell * options.context_size;
  if (available && needed > *available) {
    throw Error(ErrorCode::kOutOfMemory,
                "contextSize " + std::to_string(options.context_size) + " needs " +
                    std::to_string(needed >> 20) + " MB of KV cache, but only " +
                    std::to_string(*available >> 20) + " MB of memory are free");
  }
  return options.context_size;
}

}  // namespace codellama
