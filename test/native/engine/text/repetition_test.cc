#include "engine/text/repetition.h"

#include "support/check.h"

using namespace codellama;

namespace {

// Number of tokens until the repetition is detected; 0 = it is not.
size_t NoticedAt(uint32_t max_repeats, const std::vector<Token>& tokens) {
  Repetition repetition(max_repeats);
  for (size_t i = 0; i < tokens.size(); i++) {
    if (repetition.Append(tokens[i])) return i + 1;
  }
  return 0;
}

std::vector<Token> Repeat(const std::vector<Token>& block, int times) {
  std::vector<Token> tokens;
  for (int i = 0; i < times; i++) tokens.insert(tokens.end(), block.begin(), block.end());
  return tokens;
}

std::vector<Token> Count(Token size) {
  std::vector<Token> tokens;
  for (Token token = 0; token < size; token++) tokens.push_back(token);
  return tokens;
}

}  // namespace

TEST(RepetitionAllowsMaxRepeatsOfABlock) {
  for (const Token size : {1, 2, 5, 64}) {
    CHECK_EQ(NoticedAt(3, Repeat(Count(size), 3)), 0U);
    CHECK_EQ(NoticedAt(3, Repeat(Count(size), 4)), static_cast<size_t>(size) * 4);
  }
}

TEST(RepetitionCountsOnlyBlocksInARow) {
  std::vector<Token> tokens;
  for (Token i = 0; i < 50; i++) {
    for (const Token token : {1, 2, 3, 100 + i}) tokens.push_back(token);
  }
  CHECK_EQ(NoticedAt(2, tokens), 0U);
}

TEST(RepetitionIsDetectedAfterOtherText) {
  std::vector<Token> tokens = Count(300);
  for (const Token token : Repeat({7, 8}, 4)) tokens.push_back(token);
  CHECK_EQ(NoticedAt(3, tokens), 308U);
}

TEST(RepetitionOfLongerBlocksIsNotDetected) { CHECK_EQ(NoticedAt(2, Repeat(Count(65), 10)), 0U); }

TEST(RepetitionIsOffAtZero) { CHECK_EQ(NoticedAt(0, Repeat({1}, 1000)), 0U); }
