// Does what the scheduler wants of the KV cache's cells.
#pragma once

#include <vector>

#include "engine/kv/cell_operation.h"
#include "engine/kv/prompt_store.h"
#include "engine/llama/model_runner.h"

namespace codellama {

class CellMover {
 public:
  // Both must outlive it.
  CellMover(ModelRunner* runner, PromptStore* store) : runner_(runner), store_(store) {}

  // Returns the owners of stored prompts that could not be restored: they hold no cells.
  std::vector<Sequence*> Apply(const CellOperations& operations);

 private:
  void Keep(const KeepCells& keep);

  ModelRunner* const runner_;
  PromptStore* const store_;
};

}  // namespace codellama
