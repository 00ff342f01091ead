#include "engine/kv/prompt_store.h"

#include <algorithm>
#include <utility>

#include "engine/base/common_length.h"

namespace codellama {

namespace {

// Shorter prompts are cheaper to compute again than to store.
constexpr size_t kShortest = 32;

}  // namespace

PromptStore::Match PromptStore::Find(std::span<const Token> tokens, uint32_t kind) {
  auto best = prompts_.end();
  uint32_t length = 0;
  for (auto each = prompts_.begin(); each != prompts_.end(); each++) {
    if ((*each)->kind != kind) continue;
    const auto common = static_cast<uint32_t>(CommonLength((*each)->tokens, tokens));
    if (common > length) {
      best = each;
      length = common;
    }
  }
  if (best == prompts_.end()) return {};
  prompts_.splice(prompts_.begin(), prompts_, best);
  return {*best, length};
}

bool PromptStore::Wants(std::span<const Token> tokens, uint32_t kind) const {
  if (!keeps_evicted() || tokens.size() < kShortest) return false;
  return std::none_of(prompts_.begin(), prompts_.end(), [&](const auto& prompt) {
    return prompt->kind == kind && CommonLength(prompt->tokens, tokens) == tokens.size();
  });
}

void PromptStore::Add(StoredPrompt prompt) {
  if (!prompt.pinned && prompt.state.size() > capacity_) return;
  for (auto each = prompts_.begin(); each != prompts_.end();) {
    const StoredPrompt& other = **each;
    const bool covered = other.kind == prompt.kind && other.pinned <= prompt.pinned &&
                         CommonLength(other.tokens, prompt.tokens) == other.tokens.size();
    each = covered ? Erase(each) : std::next(each);
  }
  bytes_ += prompt.state.size();
  if (prompt.pinned) pinned_bytes_ += prompt.state.size();
  prompts_.push_front(std::make_shared<const StoredPrompt>(std::move(prompt)));
  for (auto last = prompts_.end(); bytes_ - pinned_bytes_ > capacity_;) {
    last = std::prev(last);
    if (!(*last)->pinned) last = Erase(last);
  }
}

void PromptStore::Remove(const StoredPrompt* prompt) {
  const auto found = std::find_if(prompts_.begin(), prompts_.end(),
                                  [&](const auto& each) { return each.get() == prompt; });
  if (found != prompts_.end()) Erase(found);
}

PromptStore::Prompts::iterator PromptStore::Erase(Prompts::iterator prompt) {
  bytes_ -= (*prompt)->state.size();
  if ((*prompt)->pinned) pinned_bytes_ -= (*prompt)->state.size();
  return prompts_.erase(prompt);
}

}  // namespace codellama
