#include "engine/speculate/drafter.h"

namespace codellama {

namespace {

// Of the newest guess in the running mean.
constexpr double kWeight = 0.1;

// Vocabularies have fewer than 2^21 tokens, so that three fit and no two keys are alike.
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

void Drafter::Follow(const std::vector<Token>& tokens) {
  const auto size = static_cast<uint32_t>(tokens.size());
  const bool prompt = followed_ == 0;
  while (followed_ < size) {
    if (source_ > 0) {
      const double right = tokens[source_] == tokens[followed_] ? 1 : 0;
      acceptance_ += kWeight * (right - acceptance_);
      // What agrees so far is followed on: a text that is copied is mostly copied in order.
      source_ = right > 0 ? source_ + 1 : 0;
    }
    Index(tokens, followed_);
    followed_++;
    // Inside a prompt nobody asks for a guess.
    if (source_ == 0 && (!prompt || followed_ == size)) FindSource(tokens);
  }
}

// Finds where the tokens before followed_ stood last.
void Drafter::FindSource(const std::vector<Token>& tokens) {
  if (followed_ >= 3) source_ = Lookup(after_three_, Key(tokens, followed_, 3));
  if (source_ == 0 && followed_ >= 2) source_ = Lookup(after_two_, Key(tokens, followed_, 2));
}

// The token at `end` follows those before it.
void Drafter::Index(const std::vector<Token>& tokens, uint32_t end) {
  if (end >= 3) after_three_[Key(tokens, end, 3)] = end;
  if (end >= 2) after_two_[Key(tokens, end, 2)] = end;
}

std::vector<Token> Drafter::Propose(const std::vector<Token>& tokens, uint32_t count) const {
  std::vector<Token> draft;
  if (source_ == 0) return draft;
  const auto size = static_cast<uint32_t>(tokens.size());
  // Behind the end come the guesses themselves: a repetition goes on.
  for (uint32_t i = source_; draft.size() < count; i++) {
    draft.push_back(i < size ? tokens[i] : draft[i - size]);
  }
  return draft;
}

}  // namespace codellama
