#include "pattern_matcher.h"

#include <algorithm>
#include <type_traits>

namespace codellama {

using Step = PatternStep::Kind;

template <typename Char>
uint32_t PatternMatcher<Char>::Match(uint32_t start) {
  if (start > last_decided_ && !decided_.empty()) decided_.clear();
  return Run({0, start}, false);
}

template <typename Char>
bool PatternMatcher<Char>::Takes(const PatternStep& step, uint32_t position) const {
  if (position == text_.size()) return false;
  const auto unit = static_cast<std::make_unsigned_t<Char>>(text_[position]);
  return pattern_.sets[step.set].Contains(unit);
}

template <typename Char>
uint64_t PatternMatcher<Char>::Key(uint32_t step, uint32_t position) const {
  return uint64_t{position} * pattern_.steps.size() + step;
}

template <typename Char>
uint32_t PatternMatcher<Char>::Run(State state, bool is_look) {
  const size_t floor = choices_.size();
  for (;;) {
    const Step kind = pattern_.steps[state.step].kind;
    bool goes_on = true;
    if (kind == Step::kLoop) {
      const auto decided = decided_.find(Key(state.step, state.position));
      goes_on = decided == decided_.end() || decided->second;
      // Only lookaheads record that a loop succeeded, and the end of a lookahead does not matter.
      if (decided != decided_.end() && decided->second) {
        Leave(floor, is_look);
        return state.position;
      }
    }
    if (kind == Step::kAccept) {
      Leave(floor, is_look);
      return state.position;
    }
    if (goes_on && Advance(&state)) continue;
    if (!Backtrack(&state, floor)) return kNone;
  }
}

// Executes one step. False = the text does not match.
template <typename Char>
bool PatternMatcher<Char>::Advance(State* state) {
  const PatternStep& step = pattern_.steps[state->step];
  switch (step.kind) {
    case Step::kUnits:
      return TakeUnits(state);
    case Step::kSplit:
      choices_.push_back({Choice::Kind::kBranch, state->step, state->position, 0, 0});
      state->step++;
      return true;
    case Step::kLoop:
      choices_.push_back({Choice::Kind::kLoop, state->step, state->position, 0, 0});
      state->step++;
      return true;
    case Step::kJump:
      state->step = step.target;
      return true;
    case Step::kLook: {
      const bool matches = Run({state->step + 1, state->position}, true) != kNone;
      state->step = step.target;
      return matches != step.is_negative;
    }
    case Step::kEnd:
      state->step++;
      return state->position == text_.size();
    case Step::kAccept:
      return true;
  }
  return false;
}

template <typename Char>
bool PatternMatcher<Char>::TakeUnits(State* state) {
  const PatternStep& step = pattern_.steps[state->step];
  const uint32_t end = EndOfUnits(*state);
  const uint32_t least = state->position + step.least;
  if (end < least) return false;
  if (least < end) {
    choices_.push_back({Choice::Kind::kUnits, state->step, end + 1, least, end});
    return RetryUnits(state, &choices_.back());
  }
  state->step++;
  state->position = end;
  return true;
}

// The end of the longest run of units that this step can consume.
template <typename Char>
uint32_t PatternMatcher<Char>::EndOfUnits(const State& state) {
  const PatternStep& step = pattern_.steps[state.step];
  uint32_t end = state.position;
  if (step.most != PatternStep::kUnbounded) {
    while (end - state.position < step.most && Takes(step, end)) ++end;
    return end;
  }
  Repetition& known = repetitions_[state.step];
  if (state.position >= known.run_begin && state.position <= known.run_end) return known.run_end;
  while (Takes(step, end)) ++end;
  known.run_begin = state.position;
  known.run_end = end;
  return end;
}

// Returns to the latest choice above `floor`. False = no choice is left.
template <typename Char>
bool PatternMatcher<Char>::Backtrack(State* state, size_t floor) {
  while (choices_.size() > floor) {
    Choice& choice = choices_.back();
    const uint32_t target = pattern_.steps[choice.step].target;
    switch (choice.kind) {
      case Choice::Kind::kBranch:
        *state = {target, choice.position};
        choices_.pop_back();
        return true;
      case Choice::Kind::kLoop:
        *state = {target, choice.position};
        choice.kind = Choice::Kind::kTried;
        return true;
      case Choice::Kind::kTried:
        decided_[Key(choice.step, choice.position)] = false;
        last_decided_ = std::max(last_decided_, choice.position);
        choices_.pop_back();
        break;
      case Choice::Kind::kUnits:
        if (RetryUnits(state, &choice)) return true;
        choices_.pop_back();
        break;
    }
  }
  return false;
}

// Continues after the next shorter repetition. False = all have failed, which it records.
template <typename Char>
bool PatternMatcher<Char>::RetryUnits(State* state, Choice* choice) {
  Repetition& known = repetitions_[choice->step];
  const bool is_unbounded = pattern_.steps[choice->step].most == PatternStep::kUnbounded;
  const bool knows_end =
      is_unbounded && known.failed_end == choice->end && known.failed_begin <= known.failed_end;
  if (knows_end && choice->position > known.failed_begin) choice->position = known.failed_begin;
  if (choice->position > choice->least) {
    *state = {choice->step + 1, --choice->position};
    return true;
  }
  if (is_unbounded) {
    known.failed_begin = knows_end ? std::min(known.failed_begin, choice->least) : choice->least;
    known.failed_end = choice->end;
  }
  return false;
}

// Drops the choices of a finished match. For a lookahead, records that its loops succeed.
template <typename Char>
void PatternMatcher<Char>::Leave(size_t floor, bool is_look) {
  for (size_t i = floor; is_look && i < choices_.size(); ++i) {
    const Choice& choice = choices_[i];
    if (choice.kind != Choice::Kind::kLoop && choice.kind != Choice::Kind::kTried) continue;
    decided_[Key(choice.step, choice.position)] = true;
    last_decided_ = std::max(last_decided_, choice.position);
  }
  choices_.resize(floor);
}

template class PatternMatcher<char>;
template class PatternMatcher<wchar_t>;

}  // namespace codellama
