// What attention costs with a model on this machine.
#pragma once

#include <cstdint>

#include "engine/base/options.h"
#include "engine/llama/model.h"

namespace codellama {

// Elements of the vectors that one attention head works on.
struct HeadSizes {
  uint32_t key;
  uint32_t value;
};

HeadSizes SizesOfHeads(const Model& model);

// Whether the options ask for flash attention, or leave it open and it pays. (llama.cpp leaves it
// off all the same where a device has none.)
bool WantsFlashAttention(const Model& model, const ContextOptions& options);

// Whether each sequence gets its part of so many KV cells: as the options say, or where it pays and
// leaves each one enough. Only for models whose cells can be shared at all.
bool WantsSeparateCells(const Model& model, const ContextOptions& options, uint32_t cells);

// Whether they might, before anything is known of the model.
bool MayWantSeparateCells(const ContextOptions& options);

}  // namespace codellama
