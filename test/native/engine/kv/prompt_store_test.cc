#include "engine/kv/prompt_store.h"

#include <numeric>
#include <random>

#include "support/check.h"

using codellama::PromptStore;
using codellama::StoredPrompt;
using codellama::Token;

namespace {

std::vector<Token> Tokens(Token first, size_t count) {
  std::vector<Token> tokens(count);
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

StoredPrompt Prompt(Token first, size_t count, size_t bytes, bool pinned = false) {
  return {Tokens(first, count), 0, std::vector<uint8_t>(bytes), pinned};
}

}  // namespace

TEST(PromptStoreFindsTheLongestCommonBeginning) {
  PromptStore store(1000);
  store.Add(Prompt(100, 40, 10));
  store.Add(Prompt(200, 50, 10));
  CHECK_EQ(store.Find(Tokens(200, 45), 0).length, 45U);
  CHECK_EQ(store.Find(Tokens(100, 90), 0).length, 40U);
  CHECK_EQ(store.Find(Tokens(101, 40), 0).length, 0U);
  CHECK(store.Find(Tokens(101, 40), 0).prompt == nullptr);
  CHECK_EQ(store.Find(Tokens(100, 40), 1).length, 0U);
}

TEST(PromptStoreWantsPromptsThatItDoesNotCover) {
  PromptStore store(1000);
  CHECK(store.Wants(Tokens(1, 40), 0));
  CHECK(!store.Wants(Tokens(1, 5), 0));
  store.Add(Prompt(1, 60, 10));
  CHECK(!store.Wants(Tokens(1, 40), 0));
  CHECK(store.Wants(Tokens(1, 61), 0));
  CHECK(store.Wants(Tokens(1, 40), 1));
  CHECK(!PromptStore(0).Wants(Tokens(1, 40), 0));
}

TEST(PromptStoreReplacesABeginningOfTheNewPrompt) {
  PromptStore store(1000);
  store.Add(Prompt(1, 40, 100));
  store.Add(Prompt(1, 60, 150));
  CHECK_EQ(store.bytes(), 150U);
  CHECK_EQ(store.Find(Tokens(1, 100), 0).length, 60U);
}

TEST(PromptStoreEvictsTheLeastRecentlyUsedPrompt) {
  PromptStore store(100);
  store.Add(Prompt(100, 40, 40));
  store.Add(Prompt(200, 40, 40));
  store.Find(Tokens(100, 40), 0);
  store.Add(Prompt(300, 40, 40));
  CHECK_EQ(store.Find(Tokens(200, 40), 0).length, 0U);
  CHECK_EQ(store.Find(Tokens(100, 40), 0).length, 40U);
  CHECK_EQ(store.Find(Tokens(300, 40), 0).length, 40U);
  store.Add(Prompt(400, 40, 101));
  CHECK_EQ(store.Find(Tokens(400, 40), 0).length, 0U);
}

TEST(PromptStoreKeepsPinnedPrompts) {
  PromptStore store(0);
  CHECK(!store.enabled());
  store.Add(Prompt(1, 40, 5000, true));
  CHECK(store.enabled());
  CHECK_EQ(store.bytes(), 5000U);
  store.Add(Prompt(1, 60, 10));
  CHECK_EQ(store.bytes(), 5000U);
  store.Remove(store.Find(Tokens(1, 40), 0).prompt.get());
  CHECK_EQ(store.bytes(), 0U);
}

TEST(PromptStoreStaysWithinItsCapacity) {
  std::mt19937 random(1);
  PromptStore store(500);
  uint64_t pinned = 0;
  for (int i = 0; i < 5000; i++) {
    const bool pin = i % 1000 == 0;
    const auto first = static_cast<Token>(1000 * (random() % 50));
    const size_t bytes = random() % 200;
    if (pin) pinned += bytes;
    store.Add(Prompt(first, 40 + random() % 100, bytes, pin));
    CHECK(store.bytes() <= 500 + pinned);
    store.Find(Tokens(static_cast<Token>(1000 * (random() % 50)), 60), 0);
  }
}
