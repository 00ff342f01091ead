// The sequences of one beam search: one for each unfinished text. They advance in lockstep. A
// sequence whose logits are computed is paused until all others have theirs, so a search may have
// more sequences than the engine has slots. Engine thread only.
#pragma once

#include <exception>
#include <memory>
#include <vector>

#include "engine/base/sequence.h"
#include "engine/core/beam_search.h"
#include "engine/text/tokenizer.h"

namespace codellama {

// Changes of the sequences after a step. The caller applies them to the scheduler in this order.
struct BeamChange {
  bool is_over = false;            // the search is over, and the lists are empty
  std::vector<Sequence*> shared;   // sequences with forks, which take over their computed cells
  std::vector<Sequence*> removed;  // valid until the next Advance()
  std::vector<Sequence*> added;
};

class BeamGroup {
 public:
  // `first`: the sequence of the prompt, which the caller owns. The tokenizer must outlive this
  // object.
  BeamGroup(Request* request, const Tokenizer& tokenizer, Sequence* first, uint32_t context_size);

  // Takes the logits after the sequence's last token and pauses the sequence. Keeps an exception
  // for Advance().
  void OnLogits(const float* logits, Sequence* sequence);

  // Whether all sequences have their logits, or one of them has failed.
  bool CanAdvance() const;

  // Chooses the next texts and resumes their sequences. A sequence goes on with the best
  // continuation of its text. Other continuations get new sequences. Throws kBackendFailed.
  BeamChange Advance();

  // All sequences, also those that the last Advance() removed.
  std::vector<Sequence*> sequences() const;
  std::vector<BeamAnswer> Answers(FinishReason open_reason) const {
    return search_.Answers(open_reason);
  }

 private:
  struct Member {
    Sequence* sequence = nullptr;
    std::vector<TokenLogprob> likeliest;  // next tokens; empty until the logits are computed
  };

  Sequence* Fork(const Sequence& parent);

  const Tokenizer& tokenizer_;
  BeamSearch search_;
  std::vector<Member> members_;     // in the order of the search's unfinished texts
  std::vector<Sequence*> removed_;  // by the last Advance()
  std::vector<std::unique_ptr<Sequence>> forks_;
  std::exception_ptr failure_;  // null without a failure
};

}  // namespace codellama
