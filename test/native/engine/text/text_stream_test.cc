#include "engine/text/text_stream.h"

#include <random>

#include "support/check.h"

using codellama::IsWholeText;
using codellama::StopConditions;
using codellama::TextStream;

namespace {

StopConditions Texts(std::vector<std::string> texts) {
  StopConditions stop;
  stop.texts = std::move(texts);
  return stop;
}

std::string Feed(TextStream* stream, std::initializer_list<const char*> pieces) {
  std::string text;
  for (const char* piece : pieces) text += stream->Append(piece);
  return text;
}

}  // namespace

TEST(TextStreamReturnsPlainTextAtOnce) {
  TextStream stream({});
  CHECK_EQ(stream.Append("hello"), "hello");
  CHECK_EQ(stream.Append(" world"), " world");
  CHECK_EQ(stream.Finish(), "");
}

TEST(TextStreamWaitsForWholeCharacters) {
  TextStream stream({});
  CHECK_EQ(stream.Append("\xF0\x9F"), "");
  CHECK_EQ(stream.Append("\x9A"), "");
  CHECK_EQ(stream.Append("\x80!"), "\U0001F680!");
}

TEST(IsWholeTextRefusesPartsOfCharacters) {
  for (const char* whole : {"", "a", "\u00E9", " \U0001F680!"}) CHECK(IsWholeText(whole));
  for (const char* part : {"\xF0", "\x9F", "a\xC3", "\xA9z", "\xED\xA0\x80"}) {
    CHECK(!IsWholeText(part));
  }
}

TEST(TextStreamReplacesInvalidBytes) {
  TextStream stream({});
  CHECK_EQ(stream.Append("a\xFF"
                         "b"),
           "a\uFFFDb");
  CHECK_EQ(stream.Append("\xC3("), "\uFFFD(");
  CHECK_EQ(stream.Append("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");  // a surrogate
  CHECK_EQ(stream.Append("\xC0\xAF"), "\uFFFD\uFFFD");            // an overlong slash
  CHECK_EQ(stream.Append("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");
  CHECK_EQ(stream.Append("\xE2\x82"), "");
  CHECK_EQ(stream.Finish(), "\uFFFD");
}

TEST(TextStreamFindsAStopStringInsideAPiece) {
  TextStream stream(Texts({"STOP"}));
  CHECK_EQ(stream.Append("before STOP after"), "before ");
  CHECK(stream.stopped());
  CHECK_EQ(stream.matched(), "STOP");
  CHECK_EQ(stream.Append("more"), "");
  CHECK_EQ(stream.Finish(), "");
}

TEST(TextStreamFindsAStopStringAcrossPieces) {
  TextStream stream(Texts({"\n\ndef "}));
  CHECK_EQ(Feed(&stream, {"return x", "\n", "\n", "de", "f ", "g"}), "return x");
  CHECK(stream.stopped());
}

TEST(TextStreamReturnsNoPartOfAStopString) {
  TextStream stream(Texts({"</s>"}));
  CHECK_EQ(stream.Append("a<"), "a");
  CHECK_EQ(stream.Append("/"), "");
  CHECK_EQ(stream.Append("b>"), "</b>");  // it was none
  CHECK_EQ(stream.Append("x</s"), "x");
  CHECK_EQ(stream.Finish(), "</s");  // the text just ended so
}

TEST(TextStreamHoldsBackTheLongestBeginning) {
  TextStream stream(Texts({"aab"}));
  CHECK_EQ(stream.Append("aa"), "");
  CHECK_EQ(stream.Append("a"), "a");
  CHECK_EQ(stream.Append("b"), "");
  CHECK_EQ(stream.matched(), "aab");
}

TEST(TextStreamPrefersTheStopStringThatEndsFirst) {
  TextStream stream(Texts({"later", "first and"}));
  CHECK_EQ(stream.Append("x first and later"), "x ");
  CHECK_EQ(stream.matched(), "first and");
  for (const std::vector<std::string>& pieces :
       {std::vector<std::string>{"xabcdy"}, {"xab", "cdy"}, {"xabc", "dy"}, {"x", "abcd"}}) {
    TextStream overlapping(Texts({"abcd", "bc"}));
    std::string text;
    for (const std::string& piece : pieces) text += overlapping.Append(piece);
    CHECK_EQ(text, "xa");
    CHECK_EQ(overlapping.matched(), "bc");
  }
}

TEST(TextStreamPrefersTheLongestStopStringWithTheSameEnd) {
  for (const std::vector<std::string>& stops :
       {std::vector<std::string>{"c", "abc", "bc"}, {"abc", "bc", "c"}}) {
    TextStream stream(Texts(stops));
    CHECK_EQ(Feed(&stream, {"xa", "b", "cd"}), "x");
    CHECK_EQ(stream.matched(), "abc");
  }
}

TEST(TextStreamFindsStopStringsWithMultibyteCharacters) {
  TextStream stream(Texts({"\u7EC8\u6B62"}));
  CHECK_EQ(Feed(&stream, {"ok \xE7\xBB", "\x88\xE6", "\xAD\xA2 x"}), "ok ");
  CHECK(stream.stopped());
}

TEST(TextStreamGivesTheSameTextForAnySplitIntoPieces) {
  const std::string text = "if x:\n    return \u201Cna\u00EFve\u201D \U0001F680 # STO STOP no";
  std::mt19937 random(3);
  for (int round = 0; round < 500; round++) {
    TextStream stream(Texts({"STOP", "return nothing"}));
    std::string seen;
    for (size_t at = 0; at < text.size();) {
      const size_t length = 1 + random() % 5;
      seen += stream.Append(text.substr(at, length));
      at += length;
    }
    seen += stream.Finish();
    CHECK_EQ(seen, text.substr(0, text.find("STOP")));
  }
}

TEST(TextStreamHoldsBackTheSameTextAsAFullSearch) {
  std::mt19937 random(5);
  const auto word = [&](size_t longest) {
    std::string text(1 + random() % longest, 'a');
    for (char& each : text) each = random() % 3 == 0 ? 'b' : 'a';
    return text;
  };
  for (int round = 0; round < 2000; round++) {
    const std::vector<std::string> stops = {word(6), word(6), word(3)};
    TextStream stream(Texts(stops));
    std::string all;
    std::string shown;
    while (!stream.stopped() && all.size() < 60) {
      const std::string piece = word(4);
      all += piece;
      shown += stream.Append(piece);
      size_t held = 0;
      size_t first = std::string::npos;
      size_t first_end = std::string::npos;
      for (const std::string& stop : stops) {
        const size_t at = all.find(stop);
        if (at != std::string::npos && at + stop.size() <= first_end) {
          first = at + stop.size() < first_end ? at : std::min(first, at);
          first_end = at + stop.size();
        }
        for (size_t length = 1; length < stop.size(); length++) {
          if (all.ends_with(stop.substr(0, length))) held = std::max(held, length);
        }
      }
      CHECK_EQ(stream.stopped(), first != std::string::npos);
      CHECK_EQ(shown, all.substr(0, stream.stopped() ? first : all.size() - held));
    }
  }
}

// A comparison of each beginning with the held text would take 10¹³ steps here.
TEST(TextStreamHandlesStopStringsThatRepeatThemselves) {
  std::vector<std::string> stops = {std::string(4000, 'a') + "c"};
  for (size_t i = 1; i < 64; i++) {
    stops.push_back(std::string(1000 + i, 'a') + "b" + std::string(3000, 'a'));
  }
  TextStream stream(Texts(stops));
  size_t shown = 0;
  for (int i = 0; i < 100'000; i++) shown += stream.Append("a").size();
  CHECK_EQ(shown, 96'000U);
  CHECK_EQ(stream.Append("c"), "");
  CHECK_EQ(stream.matched(), stops[0]);
}
