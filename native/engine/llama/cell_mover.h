// Applies the scheduler's cell operations to the KV cache.
#pragma once

#include <vector>

#include "engine/kv/cell_operation.h"
#include "engine/kv/prompt_store.h"
#include "engine/llama/model_runner.h"

namespace codellama {

class CellMover {
 public:
  // Both must outlive this object.
  CellMover(ModelRunner* runner, PromptStore* store) : runner_(runner), store_(store) {}

  // Returns the sequences whose stored prompt could not be restored. They have no cells.
  std::vector<Sequence*> Apply(const CellOperations& operations);

 private:
  void Keep(const KeepCells& keep);

  ModelRunner* const runner_;
  PromptStore* const store_;
};

}  // namespace codellama
