#include "engine/llama/cell_mover.h"

#include "engine/base/error.h"
#include "engine/base/sequence.h"

namespace codellama {

std::vector<Sequence*> CellMover::Apply(const CellOperations& operations) {
  std::vector<Sequence*> unrestored;
  for (const CellOperation& operation : operations) {
    if (const auto* keep = std::get_if<KeepCells>(&operation)) {
      Keep(*keep);
    } else if (const auto* restore = std::get_if<RestoreCells>(&operation)) {
      if (runner_->SetState(restore->owner->slot, *restore->prompt, restore->length)) continue;
      store_->Remove(restore->prompt.get());
      unrestored.push_back(restore->owner);
    } else if (const auto* drop = std::get_if<DropCells>(&operation)) {
      runner_->Apply(*drop);
    } else {
      runner_->Apply(std::get<ShareCells>(operation));
    }
  }
  return unrestored;
}

void CellMover::Keep(const KeepCells& keep) {
  if (!store_->Wants(keep.tokens, keep.kind)) return;
  try {
    std::vector<uint8_t> state = runner_->State(keep.sequence);
    if (!state.empty()) store_->Add({keep.tokens, keep.kind, std::move(state), false});
  } catch (const Error&) {
    // Without memory for the copy, a later request computes the prompt again.
  }
}

}  // namespace codellama
