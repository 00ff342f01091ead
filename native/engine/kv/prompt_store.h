// Prompts whose KV cells are stored in host memory: prompts that the KV cache evicted, and prompts
// that were loaded from files. The store treats the bytes of a state as opaque.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/options.h"

namespace codellama {

// KV cells of a sequence that holds exactly these tokens.
struct StoredPrompt {
  std::vector<Token> tokens;
  uint32_t kind = 0;  // see Sequence::kind
  std::vector<uint8_t> state;
  bool pinned = false;  // never evicted: it was loaded from a file
};

class PromptStore {
 public:
  // `capacity`: bytes of states that are not pinned; 0 = stores only pinned prompts.
  explicit PromptStore(uint64_t capacity) : capacity_(capacity) {}

  struct Match {
    std::shared_ptr<const StoredPrompt> prompt;  // null when nothing matches
    uint32_t length = 0;                         // length of the common beginning
  };

  // The stored prompt with the longest beginning in common with the tokens. It becomes the most
  // recently used one.
  Match Find(std::span<const Token> tokens, uint32_t kind);

  // Whether a state of these tokens should be stored: no stored prompt covers them yet.
  bool Wants(std::span<const Token> tokens, uint32_t kind) const;

  // Stores a prompt. Evicts the least recently used prompts if room is short, and prompts that the
  // new one begins with.
  void Add(StoredPrompt prompt);

  // Removes a prompt that could not be restored.
  void Remove(const StoredPrompt* prompt);

  bool enabled() const { return capacity_ > 0 || !prompts_.empty(); }
  bool keeps_evicted() const { return capacity_ > 0; }
  uint64_t bytes() const { return bytes_; }  // including pinned prompts

 private:
  using Prompts = std::list<std::shared_ptr<const StoredPrompt>>;

  Prompts::iterator Erase(Prompts::iterator prompt);

  const uint64_t capacity_;
  uint64_t bytes_ = 0;
  uint64_t pinned_bytes_ = 0;
  Prompts prompts_;  // most recently used first
};

}  // namespace codellama
