// A second, smaller model that guesses the next tokens of the target model.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/sequence.h"
#include "engine/llama/model_runner.h"

namespace codellama {

// A sequence that wants a draft, and the draft's greatest length.
struct DraftWish {
  Sequence* sequence = nullptr;
  uint32_t length = 0;
};

class DraftModel {
 public:
  // `model`: the draft model. `target`: the model that verifies the drafts. `cells`: KV cells of
  // the target model's context; the draft model gets as many. `options`: those of the target model.
  // Throws as ModelRunner does, and kModelUnsupported if the vocabularies differ.
  DraftModel(std::shared_ptr<const Model> model, const Model& target, const ContextOptions& options,
             uint32_t cells, const std::atomic<bool>* abort);

  // Writes the drafts of all sequences, one token per step for all of them together. A draft ends
  // where the model is not sure. Drafts stay short or empty if a computation fails or is aborted.
  void Draft(const std::vector<DraftWish>& wishes);

  // Running mean of the time for one draft token; 0 = not known yet.
  double seconds_per_token() const { return seconds_per_token_; }

 private:
  // Brings the slot's sequence up to date with `sequence` and returns it.
  Sequence* Follow(const Sequence& sequence);
  // Computes all tokens of the sequences and keeps the logits of the last ones. Returns false if
  // the computation failed or was aborted.
  bool Compute(const std::vector<Sequence*>& sequences);
  bool Run(std::vector<ScheduledTokens>* batch);

  const std::shared_ptr<const Model> model_;
  ModelRunner runner_;
  std::vector<Sequence> slots_;       // tokens that each slot's KV cells hold
  std::vector<const float*> logits_;  // after each sequence of the last Compute()
  double seconds_per_token_ = 0;
};

}  // namespace codellama
