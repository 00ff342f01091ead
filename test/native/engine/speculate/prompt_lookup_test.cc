#include "engine/speculate/prompt_lookup.h"

#include "engine/speculate/draft_length.h"
#include "support/check.h"

using namespace codellama;

using Tokens = std::vector<Token>;

TEST(PromptLookupProposesTheTokensThatFollowedBefore) {
  PromptLookup lookup;
  const Tokens tokens = {1, 2, 3, 4, 5, 6, 9, 1, 2, 3};
  lookup.Follow(tokens);
  CHECK_EQ(lookup.Propose(tokens, 3), (Tokens{4, 5, 6}));
}

TEST(PromptLookupHasNoGuessOnNewText) {
  PromptLookup lookup;
  const Tokens tokens = {1, 2, 3, 4, 5};
  lookup.Follow(tokens);
  CHECK(!lookup.HasGuess());
  CHECK(lookup.Propose(tokens, 3).empty());
  lookup.Follow({1, 2, 3, 4, 5});
  CHECK(!lookup.HasGuess());
}

TEST(PromptLookupPrefersThreeTokensThenTheLatest) {
  PromptLookup three;
  const Tokens long_match = {7, 1, 2, 10, 8, 1, 2, 20, 7, 1, 2};
  three.Follow(long_match);
  CHECK_EQ(three.Propose(long_match, 1), Tokens{10});
  PromptLookup latest;
  const Tokens short_match = {7, 1, 2, 10, 8, 1, 2, 20, 9, 1, 2};
  latest.Follow(short_match);
  CHECK_EQ(latest.Propose(short_match, 1), Tokens{20});
}

TEST(PromptLookupContinuesARepetitionBeyondTheEnd) {
  PromptLookup lookup;
  const Tokens tokens = {1, 2, 3, 1, 2, 3};
  lookup.Follow(tokens);
  CHECK_EQ(lookup.Propose(tokens, 7), (Tokens{1, 2, 3, 1, 2, 3, 1}));
}

TEST(PromptLookupFindsANewSourceAfterAChange) {
  PromptLookup lookup;
  Tokens tokens = {1, 2, 3, 4, 5, 6, 7, 8, 99, 1, 2, 3};
  lookup.Follow(tokens);
  tokens.push_back(50);  // in place of 4
  lookup.Follow(tokens);
  CHECK(!lookup.HasGuess());
  tokens.insert(tokens.end(), {5, 6});
  lookup.Follow(tokens);
  CHECK_EQ(lookup.Propose(tokens, 2), (Tokens{7, 8}));
}

TEST(PromptLookupLearnsHowOftenItIsRight) {
  PromptLookup right;
  Tokens tokens = {1, 2, 3, 1, 2, 3};
  right.Follow(tokens);
  for (int i = 0; i < 60; i++) {
    tokens.push_back(right.Propose(tokens, 1).front());
    right.Follow(tokens);
  }
  CHECK(right.acceptance() > 0.99);

  PromptLookup wrong;
  tokens = {1, 2};
  wrong.Follow(tokens);
  for (Token token = 10; token < 60; token++) {
    tokens.insert(tokens.end(), {token, 1, 2});
    wrong.Follow(tokens);
  }
  CHECK(wrong.acceptance() < 0.5);
}

namespace {

// Step times in which each further token takes `seconds`.
StepTimes Proportional(double seconds) {
  StepTimes times;
  for (uint32_t rows = 1; rows <= 64; rows *= 2) times.Add(rows, rows * seconds);
  return times;
}

uint32_t Best(double step, double token, uint32_t streams, double acceptance) {
  const StepTimes times = Proportional(token);
  return BestDraftLength({.step_seconds = step, .streams = streams, .tokens = &times}, acceptance,
                         16);
}

}  // namespace

TEST(DraftLengthIsZeroUntilCostsAreKnown) {
  const StepTimes unknown;
  const StepTimes known = Proportional(0.001);
  CHECK_EQ(BestDraftLength({.step_seconds = 0, .tokens = &known}, 0.99, 16), 0U);
  CHECK_EQ(BestDraftLength({.step_seconds = 0.01, .tokens = &unknown}, 0.99, 16), 0U);
}

TEST(DraftLengthGrowsWithAcceptanceAndShrinksWithCost) {
  CHECK_EQ(Best(0.1, 0.001, 1, 1), 16U);
  CHECK_EQ(Best(0.1, 0.001, 1, 0), 0U);
  CHECK(Best(0.1, 0.001, 1, 0.9) > Best(0.1, 0.001, 1, 0.5));
  CHECK(Best(0.1, 0.001, 1, 0.9) > Best(0.1, 0.05, 1, 0.9));
  CHECK_EQ(Best(0.1, 0.1, 1, 0.9), 0U);
}

TEST(DraftLengthIsZeroWhenManyStreamsWouldWait) {
  CHECK(Best(0.1, 0.02, 1, 0.8) > 0);
  CHECK_EQ(Best(0.1, 0.02, 32, 0.8), 0U);
}

TEST(DraftLengthIncludesTheTimeOfGuessing) {
  const StepTimes times = Proportional(0.001);
  CHECK_EQ(BestDraftLength({.step_seconds = 0.1, .tokens = &times, .guess_seconds = 0.2}, 0.9, 16),
           0U);
}

TEST(DraftLengthIsTheMaximumWhenTokensAreFree) {
  CHECK_EQ(BestDraftLength({.step_seconds = 1}, 0.5, 16), 16U);
}

TEST(DraftLengthShrinksWhenOtherDraftsUseTheCheapRows) {
  StepTimes times;  // 16 tokens are nearly free, the next ones are not
  times.Add(1, 0.0001);
  times.Add(15, 0.0001);
  times.Add(31, 10);
  DraftCosts costs = {.step_seconds = 0.01, .tokens = &times};
  CHECK(BestDraftLength(costs, 0.9, 8) == 8U);
  costs.drafted = 15;
  CHECK_EQ(BestDraftLength(costs, 0.9, 8), 0U);
}
