// The number of KV cells that a context gets.
#pragma once

#include <cstdint>

#include "engine/base/options.h"
#include "engine/llama/model.h"

namespace codellama {

// Bytes of KV cache for one token. Throws kInvalidArgument for an unknown KV cache type.
uint64_t KvBytesPerCell(const Model& model, const ContextOptions& options);

// Cells of all sequences together: as the options say, or by the training length and the free
// memory. `separate`: each slot has its own cells. Throws kInvalidArgument, kModelUnsupported, and
// kOutOfMemory if the cells do not fit in memory.
uint32_t ChooseContextSize(const Model& model, const ContextOptions& options, bool separate);

}  // namespace codellama
