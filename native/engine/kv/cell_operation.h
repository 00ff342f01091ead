// What is to be done to the KV cache before a batch runs. Cells belong to one or more sequences;
// a cell that belongs to none is free.
#pragma once

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "engine/base/options.h"
#include "engine/kv/prompt_store.h"

namespace codellama {

struct Sequence;

// `to` shares the cells of `from` at positions [first, last), in place of what it had there.
struct ShareCells {
  int32_t from = -1;
  int32_t to = -1;
  uint32_t first = 0;
  uint32_t last = 0;
};

// The sequence gives up its cells from position `first` on.
struct DropCells {
  int32_t sequence = -1;
  uint32_t first = 0;
};

// The sequence, which holds just these tokens, is about to lose cells: they may be kept elsewhere.
struct KeepCells {
  int32_t sequence = -1;
  uint32_t kind = 0;
  std::vector<Token> tokens;
};

// The sequence of `owner` gets the first `length` cells of a stored prompt.
struct RestoreCells {
  Sequence* owner = nullptr;
  std::shared_ptr<const StoredPrompt> prompt;
  uint32_t length = 0;
};

using CellOperation = std::variant<ShareCells, DropCells, KeepCells, RestoreCells>;
using CellOperations = std::vector<CellOperation>;  // in order

}  // namespace codellama
