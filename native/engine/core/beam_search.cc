#include "engine/core/beam_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace codellama {

BeamSearch::BeamSearch(const BeamOptions& options, std::vector<Token> ends, StopConditions stop,
                       uint32_t logprobs, uint32_t max_steps)
    : options_(options), ends_(std::move(ends)), logprobs_(logprobs), max_steps_(max_steps) {
  open_.push_back({kNoNode, 0, 0, false, TextStream(std::move(stop))});
}

uint32_t BeamSearch::width() const {
  return options_.beams + std::max(options_.beams, static_cast<uint32_t>(ends_.size()));
}

double BeamSearch::Score(const Hypothesis& hypothesis) const {
  return hypothesis.sum / std::pow(std::max(hypothesis.length, 1U), options_.length_penalty);
}

void BeamSearch::SortByScore(std::vector<Hypothesis>* hypotheses) const {
  std::stable_sort(hypotheses->begin(), hypotheses->end(),
                   [this](const Hypothesis& left, const Hypothesis& right) {
                     return Score(left) > Score(right);
                   });
}

bool BeamSearch::IsEnd(Token token) const {
  return std::find(ends_.begin(), ends_.end(), token) != ends_.end();
}

bool BeamSearch::IsDecided() const {
  if (open_.empty()) return true;
  return whole_.size() >= options_.beams &&
         Score(open_.front()) <= Score(whole_[options_.beams - 1]);
}

BeamSearch::Hypothesis BeamSearch::Continue(const Hypothesis& parent, const TokenLogprob& token,
                                            double sum,
                                            const std::vector<TokenLogprob>& alternatives) {
  Hypothesis next = parent;
  next.sum = sum;
  next.length++;
  if (IsEnd(token.token)) {
    next.is_whole = true;
    return next;
  }
  Node node;
  node.parent = parent.last;
  node.text = next.text.Append(token.text);
  node.logprobs.chosen = token;
  const size_t shown = std::min<size_t>(logprobs_, alternatives.size());
  node.logprobs.top.assign(alternatives.begin(),
                           alternatives.begin() + static_cast<std::ptrdiff_t>(shown));
  next.is_whole = next.text.stopped();
  next.last = static_cast<int32_t>(nodes_.size());
  nodes_.push_back(std::move(node));
  return next;
}

std::vector<BeamSearch::Continuation> BeamSearch::Advance(
    const std::vector<std::vector<TokenLogprob>>& likeliest) {
  struct Candidate {
    size_t parent;
    const TokenLogprob* token;
    double sum;
  };
  std::vector<Candidate> candidates;
  for (size_t parent = 0; parent < open_.size(); parent++) {
    for (const TokenLogprob& token : likeliest[parent]) {
      candidates.push_back({parent, &token, open_[parent].sum + token.logprob});
    }
  }
  std::stable_sort(
      candidates.begin(), candidates.end(),
      [](const Candidate& left, const Candidate& right) { return left.sum > right.sum; });

  std::vector<Hypothesis> open;
  std::vector<Continuation> continuations;
  for (size_t rank = 0; rank < candidates.size() && open.size() < options_.beams; rank++) {
    const auto [parent, token, sum] = candidates[rank];
    // A finished text counts only if it is among the best ones of its length.
    if (rank >= options_.beams && IsEnd(token->token)) continue;
    Hypothesis next = Continue(open_[parent], *token, sum, likeliest[parent]);
    if (!next.is_whole) {
      open.push_back(std::move(next));
      continuations.push_back({parent, token->token});
    } else if (rank < options_.beams) {
      whole_.push_back(std::move(next));
    }
  }
  open_ = std::move(open);
  steps_++;
  SortByScore(&whole_);
  if (whole_.size() > options_.beams) {
    whole_.erase(whole_.begin() + static_cast<std::ptrdiff_t>(options_.beams), whole_.end());
  }
  if (IsDecided()) open_.clear();
  return is_over() ? std::vector<Continuation>() : continuations;
}

std::vector<BeamAnswer> BeamSearch::Answers(FinishReason open_reason) const {
  std::vector<Hypothesis> best = whole_;
  best.insert(best.end(), open_.begin(), open_.end());
  SortByScore(&best);
  std::vector<BeamAnswer> answers;
  for (size_t i = 0; i < best.size() && i < options_.answers; i++) {
    answers.push_back(MakeAnswer(best[i], open_reason));
  }
  return answers;
}

BeamAnswer BeamSearch::MakeAnswer(const Hypothesis& hypothesis, FinishReason open_reason) const {
  std::vector<const Node*> nodes;
  for (int32_t i = hypothesis.last; i != kNoNode; i = nodes_[static_cast<size_t>(i)].parent) {
    nodes.push_back(&nodes_[static_cast<size_t>(i)]);
  }
  std::reverse(nodes.begin(), nodes.end());
  BeamAnswer answer;
  answer.reason = hypothesis.is_whole ? FinishReason::kStop : open_reason;
  answer.stop_string = hypothesis.text.matched();
  for (const Node* node : nodes) {
    answer.text += node->text;
    answer.tokens.push_back(node->logprobs.chosen.token);
    answer.logprobs.push_back(node->logprobs);
  }
  TextStream text = hypothesis.text;
  answer.text += text.Finish();
  return answer;
}

}  // namespace codellama
