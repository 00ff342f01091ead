#include "engine/core/beam_search.h"

#include <cmath>

#include "support/check.h"

using namespace codellama;

namespace {

constexpr Token kEnd = 0;

TokenLogprob Next(Token token, double probability) {
  return {token, std::string(1, static_cast<char>('a' + token)),
          static_cast<float>(std::log(probability))};
}

BeamSearch MakeSearch(uint32_t beams, uint32_t max_steps, double length_penalty = 1,
                      std::vector<std::string> stop = {}) {
  StopConditions conditions;
  conditions.texts = std::move(stop);
  return BeamSearch({beams, beams, length_penalty}, {kEnd}, std::move(conditions), 0, max_steps);
}

std::vector<std::string> TextsOf(const BeamSearch& search) {
  std::vector<std::string> texts;
  for (const BeamAnswer& answer : search.Answers(FinishReason::kLength)) {
    texts.push_back(answer.text);
  }
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST(beam_search_finds_a_text_whose_first_token_is_not_the_likeliest) {
  BeamSearch search = MakeSearch(2, 2);
  auto next = search.Advance({{Next(1, 0.6), Next(2, 0.4)}});
  CHECK_EQ(next.size(), 2U);
  CHECK_EQ(next[1].token, 2);
  next = search.Advance({{Next(3, 0.5), Next(4, 0.5)}, {Next(5, 0.9), Next(6, 0.1)}});
  CHECK(next.empty());
  CHECK_EQ(TextsOf(search), (Texts{"cf", "bd"}));
}

TEST(beam_search_names_the_parent_of_each_text) {
  BeamSearch search = MakeSearch(2, 9);
  search.Advance({{Next(1, 0.9), Next(2, 0.1)}});
  const auto next = search.Advance({{Next(3, 0.5), Next(4, 0.4)}, {Next(5, 0.9), Next(6, 0.1)}});
  CHECK_EQ(next.size(), 2U);
  CHECK(next[0].parent == 0 && next[1].parent == 0);
}

TEST(beam_search_ends_when_no_unfinished_text_can_win) {
  BeamSearch search = MakeSearch(2, 9, 0);
  search.Advance({{Next(kEnd, 0.5), Next(1, 0.3), Next(2, 0.2)}});
  const auto next = search.Advance({{Next(kEnd, 0.9), Next(3, 0.1)}, {Next(4, 0.5), Next(5, 0.5)}});
  CHECK(next.empty());
  CHECK(search.is_over());
  CHECK_EQ(TextsOf(search), (Texts{"", "b"}));
  for (const BeamAnswer& answer : search.Answers(FinishReason::kLength)) {
    CHECK(answer.reason == FinishReason::kStop);
  }
}

TEST(beam_search_ignores_an_end_that_is_not_among_the_best) {
  BeamSearch search = MakeSearch(2, 9);
  const auto next = search.Advance({{Next(1, 0.5), Next(2, 0.3), Next(kEnd, 0.2)}});
  CHECK_EQ(next.size(), 2U);
  CHECK_EQ(TextsOf(search), (Texts{"b", "c"}));
}

TEST(beam_search_cuts_a_text_before_its_stop_string) {
  BeamSearch search = MakeSearch(2, 9, 0, {"cd"});
  search.Advance({{Next(1, 0.6), Next(2, 0.4)}});
  search.Advance({{Next(2, 0.9), Next(4, 0.1)}, {Next(3, 0.9), Next(4, 0.1)}});
  search.Advance({{Next(3, 0.9), Next(4, 0.1)}, {Next(3, 0.1), Next(4, 0.9)}});
  const auto answers = search.Answers(FinishReason::kAbort);
  CHECK_EQ(answers[0].text, "b");
  CHECK_EQ(answers[0].stop_string, "cd");
  CHECK_EQ(answers[0].tokens, (std::vector<Token>{1, 2, 3}));
  CHECK_EQ(answers[1].text, "");
}

TEST(beam_search_without_steps_returns_the_empty_text) {
  const BeamSearch search = MakeSearch(2, 0);
  CHECK(search.is_over());
  CHECK_EQ(TextsOf(search), Texts{""});
}
