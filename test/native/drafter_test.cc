#include "engine/drafter.h"

#include "check.h"
#include "engine/draft_length.h"

using namespace codellama;

using Tokens = std::vector<Token>;

TEST(DrafterProposesWhatFollowedBefore) {
  Drafter drafter;
  const Tokens tokens = {1, 2, 3, 4, 5, 6, 9, 1, 2, 3};
  drafter.Follow(tokens);
  CHECK_EQ(drafter.Propose(tokens, 3), (Tokens{4, 5, 6}));
}

TEST(DrafterHasNoGuessOnNewText) {
  Drafter drafter;
  const Tokens tokens = {1, 2, 3, 4, 5};
  drafter.Follow(tokens);
  CHECK(!drafter.HasGuess());
  CHECK(drafter.Propose(tokens, 3).empty());
  drafter.Follow({1, 2, 3, 4, 5});
  CHECK(!drafter.HasGuess());
}

TEST(DrafterPrefersThreeTokensThenTheLatest) {
  Drafter three;
  const Tokens long_match = {7, 1, 2, 10, 8, 1, 2, 20, 7, 1, 2};
  three.Follow(long_match);
  CHECK_EQ(three.Propose(long_match, 1), Tokens{10});
  Drafter latest;
  const Tokens short_match = {7, 1, 2, 10, 8, 1, 2, 20, 9, 1, 2};
  latest.Follow(short_match);
  CHECK_EQ(latest.Propose(short_match, 1), Tokens{20});
}

TEST(DrafterGoesOnWithARepetitionBeyondTheEnd) {
  Drafter drafter;
  const Tokens tokens = {1, 2, 3, 1, 2, 3};
  drafter.Follow(tokens);
  CHECK_EQ(drafter.Propose(tokens, 7), (Tokens{1, 2, 3, 1, 2, 3, 1}));
}

TEST(DrafterFindsItsPlaceAgainAfterAChange) {
  Drafter drafter;
  Tokens tokens = {1, 2, 3, 4, 5, 6, 7, 8, 99, 1, 2, 3};
  drafter.Follow(tokens);
  tokens.push_back(50);  // in place of 4
  drafter.Follow(tokens);
  CHECK(!drafter.HasGuess());
  tokens.insert(tokens.end(), {5, 6});
  drafter.Follow(tokens);
  CHECK_EQ(drafter.Propose(tokens, 2), (Tokens{7, 8}));
}

TEST(DrafterLearnsHowOftenItIsRight) {
  Drafter right;
  Tokens tokens = {1, 2, 3, 1, 2, 3};
  right.Follow(tokens);
  for (int i = 0; i < 60; i++) {
    tokens.push_back(right.Propose(tokens, 1).front());
    right.Follow(tokens);
  }
  CHECK(right.acceptance() > 0.99);

  Drafter wrong;
  tokens = {1, 2};
  wrong.Follow(tokens);
  for (Token token = 10; token < 60; token++) {
    tokens.insert(tokens.end(), {token, 1, 2});
    wrong.Follow(tokens);
  }
  CHECK(wrong.acceptance() < 0.5);
}

TEST(DraftLengthIsZeroUntilCostsAreKnown) {
  CHECK_EQ(BestDraftLength({0, 0.001, 1}, 0.99, 16), 0U);
  CHECK_EQ(BestDraftLength({0.01, 0, 1}, 0.99, 16), 0U);
}

TEST(DraftLengthGrowsWithAcceptanceAndShrinksWithCost) {
  CHECK_EQ(BestDraftLength({0.1, 0.001, 1}, 1, 16), 16U);
  CHECK_EQ(BestDraftLength({0.1, 0.001, 1}, 0, 16), 0U);
  CHECK(BestDraftLength({0.1, 0.001, 1}, 0.9, 16) > BestDraftLength({0.1, 0.001, 1}, 0.5, 16));
  CHECK(BestDraftLength({0.1, 0.001, 1}, 0.9, 16) > BestDraftLength({0.1, 0.05, 1}, 0.9, 16));
  CHECK_EQ(BestDraftLength({0.1, 0.1, 1}, 0.9, 16), 0U);
}

TEST(DraftLengthIsZeroWhenManyStreamsWouldWait) {
  CHECK(BestDraftLength({0.1, 0.02, 1}, 0.8, 16) > 0);
  CHECK_EQ(BestDraftLength({0.1, 0.02, 32}, 0.8, 16), 0U);
}
