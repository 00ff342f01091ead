#include "engine/core/beam_group.h"

#include <algorithm>
#include <utility>

#include "engine/sampling/logprobs.h"

namespace codellama {

namespace {

std::vector<Token> Ends(const Request& request, const Tokenizer& tokenizer) {
  std::vector<Token> ends = tokenizer.end_of_generation();
  ends.insert(ends.end(), request.stop_tokens.begin(), request.stop_tokens.end());
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  return ends;
}

}  // namespace

BeamGroup::BeamGroup(Request* request, const Tokenizer& tokenizer, Sequence* first,
                     uint32_t context_size)
    : tokenizer_(tokenizer),
      search_(*request->beams, Ends(*request, tokenizer), std::move(request->stop),
              request->logprobs.value_or(0),
              std::min(request->max_tokens, context_size - first->num_prompt)),
      members_{{first, {}}} {}

void BeamGroup::OnLogits(const float* logits, Sequence* sequence) {
  const auto member = std::find_if(members_.begin(), members_.end(),
                                   [&](const Member& each) { return each.sequence == sequence; });
  sequence->paused = true;
  try {
    member->likeliest = MeasureLogprobs(logits, tokenizer_, 0, search_.width()).top;
  } catch (...) {
    failure_ = std::current_exception();
  }
}

bool BeamGroup::CanAdvance() const {
  return failure_ || std::none_of(members_.begin(), members_.end(),
                                  [](const Member& each) { return each.likeliest.empty(); });
}

Sequence* BeamGroup::Fork(const Sequence& parent) {
  Sequence fork;
  fork.id = parent.id;
  fork.priority = parent.priority;
  fork.arrival = parent.arrival;
  fork.group = parent.group;
  fork.kind = parent.kind;
  fork.shares_cells = parent.shares_cells;
  fork.tokens = parent.tokens;
  fork.num_prompt = parent.num_prompt;
  fork.admitted = true;  // its prompt is counted already
  fork.max_tokens = parent.max_tokens;
  return forks_.emplace_back(std::make_unique<Sequence>(std::move(fork))).get();
}

BeamChange BeamGroup::Advance() {
  if (failure_) std::rethrow_exception(failure_);
  // The caller has applied the last change, so nobody uses the removed forks.
  removed_.clear();
  std::erase_if(forks_, [&](const auto& fork) {
    return std::none_of(members_.begin(), members_.end(),
                        [&](const Member& each) { return each.sequence == fork.get(); });
  });

  BeamChange change;
  std::vector<BeamSearch::Continuation> continuations;
  if (!search_.is_over()) {
    std::vector<std::vector<TokenLogprob>> likeliest;
    for (Member& member : members_) likeliest.push_back(std::move(member.likeliest));
    continuations = search_.Advance(likeliest);
  }
  change.is_over = continuations.empty();
  if (change.is_over) return change;

  std::vector<bool> goes_on(members_.size(), false);
  std::vector<Member> next;
  for (const auto& [parent, token] : continuations) {
    Sequence* sequence = members_[parent].sequence;
    if (goes_on[parent]) {
      change.shared.push_back(sequence);
      sequence = change.added.emplace_back(Fork(*sequence));
    }
    goes_on[parent] = true;
    next.push_back({sequence, {}});
  }
  for (size_t i = 0; i < members_.size(); i++) {
    if (!goes_on[i]) change.removed.push_back(members_[i].sequence);
  }
  for (size_t i = 0; i < next.size(); i++) {
    next[i].sequence->tokens.push_back(continuations[i].token);
  }
  removed_ = change.removed;
  // From here on nothing throws, so members and removed sequences stay complete.
  members_ = std::move(next);
  for (const Member& member : members_) member.sequence->paused = false;
  return change;
}

std::vector<Sequence*> BeamGroup::sequences() const {
  std::vector<Sequence*> sequences = removed_;
  for (const Member& member : members_) sequences.push_back(member.sequence);
  return sequences;
}

}  // namespace codellama
