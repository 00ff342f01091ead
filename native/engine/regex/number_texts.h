// Sets of numbers as sets of their canonical texts: `-?(0|[1-9]\d*)(\.\d*[1-9])?`, without "-0".
// Each number has one canonical text, so that sets of texts are sets of numbers.
#pragma once

#include <string>
#include <string_view>

#include "engine/regex/dfa.h"

namespace codellama {

// A number of any size; without leading or trailing zeros, "" for a zero part.
struct Decimal {
  bool negative = false;
  std::string integer;
  std::string fraction;
};

// Reads a JSON number. Throws kInvalidGrammar for one of more than 400 digits.
Decimal ParseDecimal(std::string_view number);
std::string CanonicalText(const Decimal& number);

DfaPtr AllNumbers();
DfaPtr AllIntegers();
DfaPtr NumbersFrom(const Decimal& bound, bool exclusive);
DfaPtr NumbersUpTo(const Decimal& bound, bool exclusive);
// Throws kInvalidGrammar unless `divisor` is above 0, and for one of too many digits.
DfaPtr MultiplesOf(const Decimal& divisor);

// Texts of the numbers as people write them: fractions may end with zeros, and the numbers of
// AllNumbers() may have an exponent. A set of integers has no fractions, because readers in other
// languages would take 1.0 for no integer. A number has at most 21 digits before the point and 25
// after it, where the set has such numbers.
DfaPtr NumberSpellings(const DfaPtr& numbers);

}  // namespace codellama
