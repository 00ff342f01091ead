#include "engine/speculate/sequence_drafter.h"

#include <algorithm>
#include <utility>

namespace codellama {

void SequenceDrafter::LookUp(Sequence* sequence, const DraftCosts& costs, uint32_t longest) {
  is_model_draft_ = false;
  lookup_.Follow(sequence->tokens);
  if (!lookup_.HasGuess()) return;
  const uint32_t length = BestDraftLength(costs, lookup_.acceptance(), longest);
  sequence->draft = lookup_.Propose(sequence->tokens, length);
}

uint32_t SequenceDrafter::ModelDraftLength(const DraftCosts& costs, uint32_t longest) {
  const uint32_t length = BestDraftLength(costs, model_acceptance_, longest);
  is_model_draft_ = length > 0;
  // The assumed rate of a model that guessed badly rises slowly, so that it gets another try.
  constexpr double kForgiveness = 0.01;
  if (length == 0) model_acceptance_ += kForgiveness * (kAssumedAcceptance - model_acceptance_);
  return length;
}

void SequenceDrafter::OnVerified(uint32_t drafted, uint32_t accepted) {
  draft_tokens_ += drafted;
  accepted_tokens_ += accepted;
  const bool is_model_draft = std::exchange(is_model_draft_, false);
  if (!is_model_draft || drafted == 0) return;
  constexpr double kWeight = 0.1;
  // Guesses after the first wrong one say nothing about the model.
  const uint32_t guesses = std::min(drafted, accepted + 1);
  for (uint32_t i = 0; i < guesses; i++) {
    model_acceptance_ += kWeight * ((i < accepted ? 1.0 : 0.0) - model_acceptance_);
  }
}

void SequenceDrafter::OnForced(uint32_t tokens) {
  draft_tokens_ += tokens;
  accepted_tokens_ += tokens;
}

}  // namespace codellama
