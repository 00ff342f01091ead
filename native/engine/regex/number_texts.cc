#include "engine/regex/number_texts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tuple>

#include "engine/base/error.h"
#include "engine/regex/dfa_builder.h"
#include "engine/regex/regex.h"

namespace codellama {

namespace {

constexpr size_t kMaxDigits = 400;
// Largest divisor, in units of its last decimal place. Each remainder is a state.
constexpr uint64_t kLargestDivisor = 20'000;

[[noreturn]] void Refuse(const std::string& what) { throw Error(ErrorCode::kInvalidGrammar, what); }

// The last thing that was read of a canonical text.
enum class Place : uint8_t { kStart, kSign, kInteger, kPoint, kFraction };

// Reads a canonical text one character at a time.
struct Reader {
  Place place = Place::kStart;
  bool negative = false;
  bool zero = false;      // the integer part is 0
  bool complete = false;  // the text may end here

  auto operator<=>(const Reader&) const = default;

  // Reads the next character. Returns false if no canonical text continues with it.
  bool Read(char character) {
    const bool digit = character >= '0' && character <= '9';
    if (character == '-') {
      if (place != Place::kStart) return false;
      place = Place::kSign;
      negative = true;
      return true;
    }
    if (character == '.') {
      if (place != Place::kInteger) return false;
      place = Place::kPoint;
      complete = false;
      return true;
    }
    if (!digit) return false;
    if (place == Place::kStart || place == Place::kSign) {
      place = Place::kInteger;
      zero = character == '0';
      complete = !zero || !negative;
      return true;
    }
    if (place == Place::kInteger) return !zero;
    place = Place::kFraction;
    complete = character != '0';
    return true;
  }
};

constexpr std::string_view kCharacters = "-.0123456789";  // in ascending order

// The set of canonical texts that `step` and `accepts` admit. `step(&state, character)` updates the
// state and returns false to reject the text; `accepts(state)` decides at the end of a text. State
// has a member `reader`, which is already past the character when `step` is called.
template <typename State, typename Step, typename Accepts>
DfaPtr Texts(const State& start, Step&& step, Accepts&& accepts) {
  return Reduced(Explore(start, [&](const State& state, const auto& emit) {
    for (const char character : kCharacters) {
      State next = state;
      if (!next.reader.Read(character) || !step(&next, character)) continue;
      const auto point = static_cast<uint32_t>(character);
      emit(point, point, next);
    }
    return state.reader.complete && accepts(state);
  }));
}

// Compares a text with the magnitude of a bound, digit by digit.
struct Comparison {
  Reader reader;
  size_t digits = 0;  // digits read of the current part, counted up to one more than the bound has
  int order = 0;      // -1, 0, 1: the digits read are below, equal to, above those of the bound

  auto operator<=>(const Comparison&) const = default;
};

int OrderOf(char left, char right) { return left < right ? -1 : left > right ? 1 : 0; }

int OrderOfLengths(size_t left, size_t right) { return left < right ? -1 : left > right ? 1 : 0; }

// The order when the integer part is complete: first by length, then by digits.
int IntegerOrder(const Comparison& state, const Decimal& bound) {
  const size_t digits = state.reader.zero ? 0 : state.digits;
  const int by_length = OrderOfLengths(digits, bound.integer.size());
  if (by_length != 0) return by_length;
  return state.reader.zero ? 0 : state.order;
}

// Updates the comparison with the next character. Always returns true.
bool Compare(const Decimal& bound, char character, Comparison* state) {
  if (character == '-') return true;
  if (character == '.') {
    state->order = IntegerOrder(*state, bound);
    state->digits = 0;
    return true;
  }
  const bool in_integer = state->reader.place == Place::kInteger;
  const std::string& part = in_integer ? bound.integer : bound.fraction;
  if (state->order == 0 || in_integer) {
    if (state->digits < part.size()) {
      if (state->order == 0) state->order = OrderOf(character, part[state->digits]);
    } else if (!in_integer && character != '0') {
      state->order = 1;
    }
  }
  state->digits = std::min(state->digits + 1, part.size() + 1);
  return true;
}

// Order of the complete number and the bound, with signs: -1 = below, 0 = equal, 1 = above.
int SignedOrder(const Comparison& state, const Decimal& bound) {
  const bool negative = state.reader.negative;
  if (negative != bound.negative) return negative ? -1 : 1;
  int order = state.order;
  if (state.reader.place == Place::kInteger) {
    order = IntegerOrder(state, bound);
    if (order == 0 && !bound.fraction.empty()) order = -1;
  } else if (order == 0 && state.digits < bound.fraction.size()) {
    order = -1;
  }
  return negative ? -order : order;
}

template <typename Accepts>
DfaPtr Compared(const Decimal& bound, Accepts&& accepts) {
  return Texts(
      Comparison{},
      [&](Comparison* state, char character) { return Compare(bound, character, state); },
      [&](const Comparison& state) { return accepts(SignedOrder(state, bound)); });
}

// Numbers without a fraction, and numbers of at most 16 significant digits. No two of the latter
// below 2^53 have the same double, so none of them rounds to an integer or to a bound.
DfaPtr ShortNumbers() {
  constexpr size_t kMostDigits = 16;
  struct State {
    Reader reader;
    size_t digits = 0;  // significant digits read, counted up to one more than the limit
    auto operator<=>(const State&) const = default;
  };
  const auto step = [](State* state, char character) {
    const bool significant = character > '0' || state->digits > 0;
    if (character >= '0' && significant)
      state->digits = std::min(state->digits + 1, kMostDigits + 1);
    return state->reader.place == Place::kInteger || state->digits <= kMostDigits;
  };
  static const DfaPtr numbers = Texts(State{}, step, [](const State&) { return true; });
  return numbers;
}

// The double after `bound` towards `limit`, in its shortest spelling.
Decimal NextDouble(const Decimal& bound, double limit) {
  const double next = std::nextafter(std::stod(CanonicalText(bound)), limit);
  std::array<char, 32> spelling;
  const auto end = std::to_chars(spelling.begin(), spelling.end(), next).ptr;
  return ParseDecimal({spelling.begin(), end});
}

// Numbers beyond `bound` in the direction of `limit`. `strict` holds all of them by their decimal
// digits; `from(next)` returns the numbers from the next double on.
template <typename From>
DfaPtr Beyond(const Decimal& bound, double limit, const DfaPtr& strict, From&& from) {
  const bool is_zero = bound.integer.empty() && bound.fraction.empty();
  constexpr size_t kDigitsOfDoubles = 300;
  // No text that NumberSpellings() allows is so small that it rounds to zero.
  if (is_zero || bound.integer.size() > kDigitsOfDoubles) return strict;
  return Union(Intersection(strict, ShortNumbers()), from(NextDouble(bound, limit)));
}

// Long division of the digits read so far.
struct Division {
  Reader reader;
  uint64_t remainder = 0;  // in units of the divisor's last decimal place
  size_t fraction_digits = 0;

  auto operator<=>(const Division&) const = default;
};

// Whether the set is infinite. Expects a reduced automaton.
bool HasCycle(const Dfa& dfa) {
  enum class Mark : uint8_t { kNew, kOpen, kDone };
  std::vector<Mark> marks(dfa.states.size(), Mark::kNew);
  std::vector<std::pair<uint32_t, size_t>> path = {{0, 0}};
  marks[0] = Mark::kOpen;
  while (!path.empty()) {
    auto& [state, next] = path.back();
    const std::vector<DfaEdge>& edges = dfa.states[state].edges;
    if (next == edges.size()) {
      marks[state] = Mark::kDone;
      path.pop_back();
      continue;
    }
    const uint32_t to = edges[next++].to;
    if (marks[to] == Mark::kOpen) return true;
    if (marks[to] != Mark::kNew) continue;
    marks[to] = Mark::kOpen;
    path.emplace_back(to, 0);
  }
  return false;
}

// The numbers, also with zeros after the last digit of the fraction, or with a point and zeros
// after an integer.
DfaPtr WithTrailingZeros(const Dfa& numbers) {
  // `state`: after the text in `numbers`, or kDead. `whole`: the text is a number of the set,
  // perhaps followed by a point and zeros. `dot`: the last character is a point. `fraction`: a
  // point was read.
  struct Spelling {
    uint32_t state;
    bool whole, dot, fraction;
    auto operator<=>(const Spelling&) const = default;
  };
  const Spelling start{0, numbers.states[0].accepting, false, false};
  return Reduced(Explore(start, [&](const Spelling& from, const auto& emit) {
    for (const char character : kCharacters) {
      const auto point = static_cast<uint32_t>(character);
      const uint32_t to = from.state == Dfa::kDead ? Dfa::kDead : numbers.Next(from.state, point);
      const bool accepted = to != Dfa::kDead && numbers.states[to].accepting;
      const bool stays = from.whole && ((character == '.' && !from.fraction) ||
                                        (character == '0' && from.fraction));
      if (to == Dfa::kDead && !stays) continue;
      emit(point, point,
           Spelling{to, accepted || stays, character == '.', from.fraction || character == '.'});
    }
    return from.whole && !from.dot;
  }));
}

}  // namespace

Decimal ParseDecimal(std::string_view number) {
  Decimal decimal;
  decimal.negative = number.starts_with('-');
  if (decimal.negative) number.remove_prefix(1);
  const size_t mark = number.find_first_of("eE");
  int64_t exponent = 0;
  if (mark != std::string_view::npos) {
    const std::string text(number.substr(mark + 1));
    if (text.size() > 5) Refuse("a number has an exponent that is too large");
    exponent = std::stol(text);
    number = number.substr(0, mark);
  }
  const size_t point = number.find('.');
  std::string digits(number.substr(0, point));
  auto scale = static_cast<int64_t>(digits.size());
  if (point != std::string_view::npos) digits += number.substr(point + 1);
  scale += exponent;
  if (digits.size() > kMaxDigits || scale > static_cast<int64_t>(kMaxDigits) ||
      scale < -static_cast<int64_t>(kMaxDigits)) {
    Refuse("a number has more than " + std::to_string(kMaxDigits) + " digits");
  }
  if (scale < 0) digits.insert(0, static_cast<size_t>(-scale), '0');
  const auto integer_digits = static_cast<size_t>(std::max<int64_t>(scale, 0));
  if (digits.size() < integer_digits) digits.resize(integer_digits, '0');
  decimal.integer = digits.substr(0, integer_digits);
  decimal.fraction = digits.substr(integer_digits);
  decimal.integer.erase(0,
                        std::min(decimal.integer.find_first_not_of('0'), decimal.integer.size()));
  decimal.fraction.erase(decimal.fraction.find_last_not_of('0') + 1);
  if (decimal.integer.empty() && decimal.fraction.empty()) decimal.negative = false;
  return decimal;
}

std::string CanonicalText(const Decimal& number) {
  std::string text = number.negative ? "-" : "";
  text += number.integer.empty() ? "0" : number.integer;
  if (!number.fraction.empty()) text += "." + number.fraction;
  return text;
}

DfaPtr AllNumbers() {
  struct State {
    Reader reader;
    auto operator<=>(const State&) const = default;
  };
  static const DfaPtr all =
      Texts(State{}, [](State*, char) { return true; }, [](const State&) { return true; });
  return all;
}

DfaPtr AllIntegers() {
  static const DfaPtr integers = WholeMatches("0|-?[1-9][0-9]*");
  return integers;
}

DfaPtr NumbersFrom(const Decimal& bound, bool exclusive) {
  if (!exclusive) return Compared(bound, [](int order) { return order >= 0; });
  return Beyond(bound, std::numeric_limits<double>::infinity(),
                Compared(bound, [](int order) { return order > 0; }),
                [](const Decimal& next) { return NumbersFrom(next, false); });
}

DfaPtr NumbersUpTo(const Decimal& bound, bool exclusive) {
  if (!exclusive) return Compared(bound, [](int order) { return order <= 0; });
  return Beyond(bound, -std::numeric_limits<double>::infinity(),
                Compared(bound, [](int order) { return order < 0; }),
                [](const Decimal& next) { return NumbersUpTo(next, false); });
}

DfaPtr NumbersOutside(const DfaPtr& numbers) {
  return numbers->IsEmpty() ? AllNumbers() : Difference(ShortNumbers(), numbers);
}

DfaPtr MultiplesOf(const Decimal& divisor) {
  std::string digits = divisor.integer + divisor.fraction;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (divisor.negative || digits.empty()) Refuse("multipleOf must be a number above 0");
  const size_t places = divisor.fraction.size();
  if (digits.size() > 9 || std::stoull(digits) > kLargestDivisor) {
    Refuse("multipleOf cannot be enforced for a divisor above " + std::to_string(kLargestDivisor) +
           ", counted in units of its last digit (0.25 counts as 25)");
  }
  const uint64_t units = std::stoull(digits);
  return Texts(
      Division{},
      [&](Division* state, char character) {
        if (character == '-' || character == '.') return true;
        if (state->reader.place == Place::kFraction && ++state->fraction_digits > places)
          return false;
        state->remainder = (state->remainder * 10 + static_cast<uint64_t>(character - '0')) % units;
        return true;
      },
      [&](const Division& state) {
        uint64_t remainder = state.remainder;
        for (size_t i = state.fraction_digits; i < places; i++) remainder = remainder * 10 % units;
        return remainder == 0;
      });
}

DfaPtr NumberSpellings(const DfaPtr& numbers) {
  // The lengths cover everything that JSON.stringify() writes. They are limited because a model
  // that may write digits forever sometimes does.
  static const DfaPtr plain = WholeMatches("-?[0-9]{1,21}(\\.[0-9]{1,25})?");
  static const DfaPtr any =
      Union(WholeMatches("-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,25})?([eE][+-]?[0-9]{1,2})?"),
            WholeMatches("-?[0-9](\\.[0-9]{1,25})?[eE][+-]?[0-2][0-9]{2}"));
  static const DfaPtr integers = Intersection(AllIntegers(), plain);
  if (numbers == AllNumbers()) return any;
  if (numbers == AllIntegers()) return integers;
  const bool whole = Difference(numbers, AllIntegers())->IsEmpty();
  const DfaPtr spelled = whole ? numbers : WithTrailingZeros(*numbers);
  if (!HasCycle(*spelled)) return spelled;
  const DfaPtr bounded = Intersection(spelled, plain);
  return bounded->IsEmpty() ? spelled : bounded;
}

}  // namespace codellama
