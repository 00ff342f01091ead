// What attention costs with a model on this machine.
#pragma once

#include <cstdint>

#include "model.h"
#include "options.h"

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

// Whether each sequence gets KV cells of its own: as the options say, or where it pays. Only for
// models whose cells can be shared at all.
bool WantsSeparateCells(const Model& model, const ContextOptions& options);

// Whether they might on a GPU, before anything is known of the model.
bool MayWantSeparateCells(const ContextOptions& options);

}  // namespace codellama
