// Drafts of one sequence, and how often the model accepted them.
#pragma once

#include <cstdint>

#include "engine/base/sequence.h"
#include "engine/speculate/draft_length.h"
#include "engine/speculate/prompt_lookup.h"

namespace codellama {

class SequenceDrafter {
 public:
  // Writes the sequence's draft by prompt lookup, as long as it pays and at most `longest` tokens.
  // The draft is empty if the lookup finds nothing or no draft pays.
  void LookUp(Sequence* sequence, const DraftCosts& costs, uint32_t longest);

  // Best length of a draft by the draft model, at most `longest`. Call it after LookUp() left the
  // draft empty. 0 if no draft pays.
  uint32_t ModelDraftLength(const DraftCosts& costs, uint32_t longest);

  // Records that the model accepted the first `accepted` tokens of a draft of `drafted` tokens.
  void OnVerified(uint32_t drafted, uint32_t accepted);

  // Records that a grammar forced `tokens` tokens without a draft. They count as accepted drafts.
  void OnForced(uint32_t tokens);

  uint32_t draft_tokens() const { return draft_tokens_; }
  uint32_t accepted_tokens() const { return accepted_tokens_; }

 private:
  // Acceptance rate that is assumed for a draft model without measurements.
  static constexpr double kAssumedAcceptance = 0.7;

  PromptLookup lookup_;
  bool is_model_draft_ = false;  // the draft model wrote the current draft
  double model_acceptance_ = kAssumedAcceptance;
  uint32_t draft_tokens_ = 0;
  uint32_t accepted_tokens_ = 0;
};

}  // namespace codellama
