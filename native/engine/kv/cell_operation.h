// Operations on KV cells that must run before a batch. A cell belongs to one or more sequences; a
// cell without a sequence is free.
#pragma once

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "engine/base/options.h"
#include "engine/kv/prompt_store.h"

namespace codellama {

struct Sequence;

// Sequence `to` shares the cells of sequence `from` at positions [first, last). They replace the
// cells that `to` had there.
struct ShareCells {
  int32_t from = -1;
  int32_t to = -1;
  uint32_t first = 0;
  uint32_t last = 0;
};

// The sequence loses its cells from position `first` on.
struct DropCells {
  int32_t sequence = -1;
  uint32_t first = 0;
};

// The sequence, which holds exactly these tokens, is about to lose cells. The prompt store may take
// a copy.
struct KeepCells {
  int32_t sequence = -1;
  uint32_t kind = 0;
  std::vector<Token> tokens;
};

// The slot of `owner` gets the first `length` cells of a stored prompt.
struct RestoreCells {
  Sequence* owner = nullptr;
  std::shared_ptr<const StoredPrompt> prompt;
  uint32_t length = 0;
};

using CellOperation = std::variant<ShareCells, DropCells, KeepCells, RestoreCells>;
using CellOperations = std::vector<CellOperation>;  // in order

}  // namespace codellama
