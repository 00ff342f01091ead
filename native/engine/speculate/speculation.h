// Drafts for the streams of the next step: by prompt lookup, and where that finds nothing by a
// draft model.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "engine/schedule/prefill_pacer.h"
#include "engine/speculate/draft_model.h"
#include "engine/speculate/sequence_drafter.h"

namespace codellama {

// A sequence that may take part in the next step.
struct DraftTarget {
  Sequence* sequence = nullptr;
  SequenceDrafter* drafter = nullptr;
  uint32_t longest = 0;  // longest useful draft, in tokens; 0 = the sequence gets no draft
  // Next tokens that are certain already but need logits. They are the draft.
  std::span<const Token> forced = {};
};

class Speculation {
 public:
  // `model` may be null: then only prompt lookup makes drafts.
  Speculation(const ContextOptions& options, std::unique_ptr<DraftModel> model)
      : max_draft_(options.max_draft),
        adaptive_(options.adaptive_draft),
        model_(std::move(model)) {}

  // Writes the drafts of all targets. With adaptive drafts their length follows the step times that
  // the pacer has measured.
  void Draft(const std::vector<DraftTarget>& targets, const PrefillPacer& pacer);

 private:
  DraftCosts CostsOf(const std::vector<DraftTarget>& targets, const PrefillPacer& pacer) const;

  const uint32_t max_draft_;
  const bool adaptive_;
  const std::unique_ptr<DraftModel> model_;
};

}  // namespace codellama
