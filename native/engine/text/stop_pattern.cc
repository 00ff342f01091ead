#include "engine/text/stop_pattern.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/base/error.h"
#include "engine/regex/compile_work.h"

namespace codellama {

namespace {

// Each character of a text visits each state at most once: about 20 microseconds.
constexpr uint32_t kMaxStates = 2000;

constexpr MatchStart kStarts[] = {MatchStart::kText, MatchStart::kLine, MatchStart::kInside};

[[noreturn]] void Refuse(const std::string& what) {
  throw Error(ErrorCode::kInvalidGrammar, "the regular expression " + what);
}

bool HasTextEnd(const RegexNode& node) {
  return node.kind == RegexNode::Kind::kEnd ||
         std::any_of(node.children.begin(), node.children.end(), HasTextEnd);
}

std::shared_ptr<const StopPattern> Compile(const RegexNode& regex) {
  if (HasTextEnd(regex)) {
    Refuse("has $ without the flag m, but the end of a text is not known while it grows");
  }
  std::array<DfaPtr, 3> automata;
  bool matches = false;
  for (size_t i = 0; i < automata.size(); i++) {
    automata[i] = TextsStartingWithMatch(regex, kStarts[i]);
    if (automata[i]->states[0].accepting) Refuse("matches the empty text");
    matches = matches || !automata[i]->IsEmpty();
    const auto same = std::find_if(automata.begin(), automata.begin() + i, [&](const DfaPtr& each) {
      return each->states == automata[i]->states;
    });
    automata[i] = *same;
  }
  if (!matches) Refuse("matches no text");
  auto pattern = std::make_shared<const StopPattern>(std::move(automata));
  if (pattern->size() > kMaxStates) {
    Refuse("needs more than " + std::to_string(kMaxStates) + " states; simplify it");
  }
  return pattern;
}

}  // namespace

StopPattern::StopPattern(std::array<DfaPtr, 3> automata) : automata_(std::move(automata)) {
  for (size_t i = 0; i < automata_.size(); i++) {
    const auto same = std::find(automata_.begin(), automata_.end(), automata_[i]);
    const auto first = static_cast<size_t>(same - automata_.begin());
    offsets_[i] = first < i ? offsets_[first] : size_;
    if (first == i) size_ += static_cast<uint32_t>(automata_[i]->states.size());
  }
}

StopPattern::Place StopPattern::Begin(MatchStart start) const {
  const auto index = static_cast<size_t>(start);
  return {automata_[index].get(), 0, offsets_[index]};
}

std::optional<StopPattern::Place> StopPattern::Next(Place place, uint32_t point) {
  const uint32_t next = place.dfa->Next(place.state, point);
  if (next == Dfa::kDead) return std::nullopt;
  return Place{place.dfa, next, place.number - place.state + next};
}

bool StopPattern::IsMatch(const Place& place) {
  const DfaState& state = place.dfa->states[place.state];
  return state.accepting && state.edges.size() == 1 &&
         state.edges[0] == DfaEdge{0, kLastScalar, place.state};
}

std::shared_ptr<const StopPattern> CompileStopPattern(std::string_view pattern,
                                                      const RegexFlags& flags,
                                                      const std::atomic<bool>* stop) {
  const CompileWork work(stop);
  try {
    return Compile(ParseRegex(pattern, flags));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidGrammar) throw;
    throw Error(error.code(), "stop: " + std::string(error.what()));
  }
}

PatternMatcher::PatternMatcher(std::shared_ptr<const StopPattern> pattern)
    : pattern_(std::move(pattern)), seen_(pattern_->size(), 0) {}

std::optional<uint64_t> PatternMatcher::Take(uint32_t point, uint64_t at) {
  runs_.push_back({pattern_->Begin(next_start_), at});
  next_start_ = IsLineEnd(point) ? MatchStart::kLine : MatchStart::kInside;
  step_++;
  size_t kept = 0;
  for (const Run run : runs_) {
    const std::optional<StopPattern::Place> next = StopPattern::Next(run.place, point);
    // A run with an earlier start is in the same state already.
    if (!next || std::exchange(seen_[next->number], step_) == step_) continue;
    if (StopPattern::IsMatch(*next)) return run.start;
    runs_[kept++] = {*next, run.start};
  }
  runs_.resize(kept);
  return std::nullopt;
}

}  // namespace codellama
