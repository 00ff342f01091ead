// A second, smaller model that guesses what the first one will say.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/sequence.h"
#include "engine/llama/model_runner.h"

namespace codellama {

// A sequence that wants a draft, and of how many tokens at most.
struct DraftWish {
  Sequence* sequence = nullptr;
  uint32_t length = 0;
};

class DraftModel {
 public:
  // Its context is as large as that of the first model, `cells`, and has as many slots.
  // Throws as ModelRunner, and kModelUnsupported for a model with another vocabulary.
  DraftModel(std::shared_ptr<const Model> model, const Model& first, const ContextOptions& options,
             uint32_t cells, const std::atomic<bool>* abort);

  // Writes the sequences' drafts, all together step by step. A draft ends where the model is not
  // sure. Drafts stay empty where the computation is aborted or fails: they are but guesses.
  void Draft(const std::vector<DraftWish>& wishes);

  // Of each token of a draft, lately; 0 while unknown.
  double seconds_per_token() const { return seconds_per_token_; }

 private:
  // What a slot's cells hold, and what is to be computed.
  Sequence* Follow(const Sequence& sequence);
  // False when it was aborted.
  bool Compute(const std::vector<Sequence*>& sequences);
  bool Run(std::vector<ScheduledTokens>* batch);

  const std::shared_ptr<const Model> model_;
  ModelRunner runner_;
  std::vector<Sequence> slots_;
  std::vector<const float*> logits_;  // of each sequence of the last Compute()
  double seconds_per_token_ = 0;
};

}  // namespace codellama
