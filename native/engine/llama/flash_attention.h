// Choices that depend on the cost of attention: flash attention, and separate KV cells.
#pragma once

#include <cstdint>

#include "engine/base/options.h"
#include "engine/llama/model.h"

namespace codellama {

// Vector lengths of one attention head.
struct HeadSizes {
  uint32_t key;
  uint32_t value;
};

HeadSizes SizesOfHeads(const Model& model);

// Whether to use flash attention: as the options say, or if it pays. llama.cpp still turns it off
// if a device does not support it.
bool WantsFlashAttention(const Model& model, const ContextOptions& options);

// Whether to give each slot its own part of `cells` KV cells: as the options say, or if it pays and
// each slot gets enough cells. Only for models that can share cells.
bool WantsSeparateCells(const Model& model, const ContextOptions& options, uint32_t cells);

// Whether WantsSeparateCells() may return true, before the model is known.
bool MayWantSeparateCells(const ContextOptions& options);

}  // namespace codellama
