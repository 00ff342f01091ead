#include "engine/grammar/regex_grammar.h"

#include <map>
#include <string>
#include <utility>

#include "engine/base/error.h"
#include "engine/regex/character_reader.h"
#include "engine/regex/compile_work.h"

namespace codellama {

namespace {

// Runs an automaton over code points byte by byte. A state is a place in a text, numbered from 1.
class RegexMachine : public GrammarMachine {
 public:
  explicit RegexMachine(DfaPtr dfa) : dfa_(std::move(dfa)) { NumberOf({0, 0}); }

  State start() const override { return 1; }

  const Node& NodeOf(State state) override { return nodes_[state]; }

  State Next(State state, uint8_t byte) override {
    if (state == kDead) return kDead;
    const auto [from, part] = places_[state];
    return NumberOf(CharacterReader(*dfa_, from).Read(part, byte));
  }

  uint32_t PlainCharacters(State /*state*/) override { return 0; }

  size_t bytes() const override {
    constexpr size_t kNumberBytes = 64;
    return nodes_.size() * (sizeof(Node) + sizeof(CharacterPlace) + kNumberBytes);
  }

 private:
  State NumberOf(CharacterPlace place) {
    if (place.state == Dfa::kDead) return kDead;
    const auto [found, added] =
        numbers_.try_emplace({place.state, place.part}, static_cast<State>(nodes_.size()));
    if (added) {
      const DfaState& state = dfa_->states[place.state];
      const bool is_between = place.part == 0;
      places_.push_back(place);
      nodes_.push_back(
          {is_between && state.accepting, !is_between || !state.edges.empty(), {}, {}});
    }
    return found->second;
  }

  const DfaPtr dfa_;
  std::vector<CharacterPlace> places_ = {{}};  // by state; the first is kDead
  std::vector<Node> nodes_ = {{}};             // by state
  std::map<std::pair<uint32_t, uint32_t>, State> numbers_;
};

class RegexGrammar : public Grammar {
 public:
  explicit RegexGrammar(DfaPtr dfa) : dfa_(std::move(dfa)) {}

  std::unique_ptr<GrammarMachine> NewMachine() const override {
    return std::make_unique<RegexMachine>(dfa_);
  }

 private:
  const DfaPtr dfa_;
};

// All texts of code points that UTF-8 can hold: those without surrogates.
DfaPtr ScalarTexts() {
  Dfa dfa;
  dfa.states.push_back({{{0, 0xD7FF, 0}, {0xE000, kLastScalar, 0}}, true});
  return std::make_shared<const Dfa>(std::move(dfa));
}

}  // namespace

std::shared_ptr<const Grammar> CompileRegex(std::string_view pattern, const RegexFlags& flags,
                                            const std::atomic<bool>* stop) {
  const CompileWork work(stop);
  try {
    const DfaPtr texts = Intersection(WholeMatches(ParseRegex(pattern, flags)), ScalarTexts());
    if (!texts->IsEmpty()) return std::make_shared<const RegexGrammar>(texts);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidGrammar) throw;
    throw Error(error.code(), "regex: " + std::string(error.what()));
  }
  throw Error(ErrorCode::kInvalidGrammar, "regex: no text matches the regular expression");
}

}  // namespace codellama
