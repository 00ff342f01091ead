#include "engine/speculate/prompt_lookup.h"

namespace codellama {

namespace {

// Weight of the newest guess in the running mean.
constexpr double kWeight = 0.1;

// Key of the `count` tokens before `end`. Vocabularies have fewer than 2^21 tokens, so three tokens
// fit and keys are unique.
uint64_t Key(const std::vector<Token>& tokens, uint32_t end, uint32_t count) {
  uint64_t key = 0;
  for (uint32_t i = end - count; i < end; i++) key = key << 21 | static_cast<uint32_t>(tokens[i]);
  return key;
}

uint32_t Lookup(const std::unordered_map<uint64_t, uint32_t>& map, uint64_t key) {
  const auto found = map.find(key);
  return found == map.end() ? 0 : found->second;
}

}  // namespace

void PromptLookup::Follow(const std::vector<Token>& tokens) {
  const auto size = static_cast<uint32_t>(tokens.size());
  const bool prompt = followed_ == 0;
  while (followed_ < size) {
    if (source_ > 0) {
      const double right = tokens[source_] == tokens[followed_] ? 1 : 0;
      acceptance_ += kWeight * (right - acceptance_);
      // A correct guess continues at the next position, because copied text is mostly copied in
      // order.
      source_ = right > 0 ? source_ + 1 : 0;
    }
    Index(tokens, followed_);
    followed_++;
    // Nobody asks for a guess inside the prompt.
    if (source_ == 0 && (!prompt || followed_ == size)) FindSource(tokens);
  }
}

void PromptLookup::FindSource(const std::vector<Token>& tokens) {
  if (followed_ >= 3) source_ = Lookup(after_three_, Key(tokens, followed_, 3));
  if (source_ == 0 && followed_ >= 2) source_ = Lookup(after_two_, Key(tokens, followed_, 2));
}

void PromptLookup::Index(const std::vector<Token>& tokens, uint32_t end) {
  if (end >= 3) after_three_[Key(tokens, end, 3)] = end;
  if (end >= 2) after_two_[Key(tokens, end, 2)] = end;
}

std::vector<Token> PromptLookup::Propose(const std::vector<Token>& tokens, uint32_t count) const {
  std::vector<Token> draft;
  if (source_ == 0) return draft;
  const auto size = static_cast<uint32_t>(tokens.size());
  // After the end of the text the guess continues with its own tokens, which extends a repetition.
  for (uint32_t i = source_; draft.size() < count; i++) {
    draft.push_back(i < size ? tokens[i] : draft[i - size]);
  }
  return draft;
}

}  // namespace codellama
