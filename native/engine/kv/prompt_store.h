// Prompts whose KV cells are kept in host memory: those that the KV cache had no room for, and
// those that were loaded from files. Pure: what a state is made of is llama.cpp's affair.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/options.h"

namespace codellama {

// The cells of a sequence that holds just these tokens.
struct StoredPrompt {
  std::vector<Token> tokens;
  uint32_t kind = 0;  // see Sequence::kind
  std::vector<uint8_t> state;
  bool pinned = false;  // stays until the engine ends
};

class PromptStore {
 public:
  // Bytes of states that are not pinned; 0 keeps none of them.
  explicit PromptStore(uint64_t capacity) : capacity_(capacity) {}

  struct Match {
    std::shared_ptr<const StoredPrompt> prompt;  // null when nothing matches
    uint32_t length = 0;                         // tokens in common from the beginning
  };

  // The prompt that has most of the tokens' beginning, which counts as used now.
  Match Find(std::span<const Token> tokens, uint32_t kind);

  // Whether the tokens are worth a state: there is room at all, and none has them yet.
  bool Wants(std::span<const Token> tokens, uint32_t kind) const;

  // Those used longest ago make room, and those that the new one begins with.
  void Add(StoredPrompt prompt);

  // It turned out to be of no use.
  void Remove(const StoredPrompt* prompt);

  bool enabled() const { return capacity_ > 0 || !prompts_.empty(); }
  bool keeps_evicted() const { return capacity_ > 0; }
  uint64_t bytes() const { return bytes_; }  // pinned ones too

 private:
  using Prompts = std::list<std::shared_ptr<const StoredPrompt>>;

  Prompts::iterator Erase(Prompts::iterator prompt);

  const uint64_t capacity_;
  uint64_t bytes_ = 0;
  uint64_t pinned_bytes_ = 0;
  Prompts prompts_;  // the last used first
};

}  // namespace codellama
