// Represents sets of JSON numbers (RFC 8259, section 6) as sets of texts, for `minimum`, `maximum`
// and `multipleOf` of JSON Schema 2020-12. Each number has exactly one canonical text,
// `-?(0|[1-9]\d*)(\.\d*[1-9])?` without "-0", so a set of canonical texts is a set of numbers.
#pragma once

#include <string>
#include <string_view>

#include "engine/regex/dfa.h"

namespace codellama {

// A decimal number of any size. The integer digits have no leading zeros, the fraction digits no
// trailing zeros. "" = that part is zero.
struct Decimal {
  bool negative = false;
  std::string integer;
  std::string fraction;
};

// Reads a JSON number. Throws kInvalidGrammar if it has more than 400 digits, exponent included.
Decimal ParseDecimal(std::string_view number);
// The canonical text of the number, as defined above.
std::string CanonicalText(const Decimal& number);

// The functions below return sets of canonical texts. Programs read a number as a double, so a
// number with many digits can become a neighbour of itself: 2.99999999999999999 becomes 3. A set
// that excludes a number therefore excludes the texts that round to it.
DfaPtr AllNumbers();
DfaPtr AllIntegers();
// Numbers above `bound`, or equal to it unless `exclusive`.
DfaPtr NumbersFrom(const Decimal& bound, bool exclusive);
// Numbers below `bound`, or equal to it unless `exclusive`.
DfaPtr NumbersUpTo(const Decimal& bound, bool exclusive);
// Numbers that are not in the set. Fractions have at most 16 significant digits unless the set is
// empty.
DfaPtr NumbersOutside(const DfaPtr& numbers);
// Multiples of `divisor`. Throws kInvalidGrammar if the divisor is not above 0 or has too many
// digits.
DfaPtr MultiplesOf(const Decimal& divisor);

// The texts that a model may write for the numbers of a set of canonical texts:
// - A fraction may end with zeros. A set of integers gets no fractions, because many JSON
//   parsers do not read 1.0 as an integer.
// - Exponents are allowed only if the set is AllNumbers().
// - An infinite set is limited to at most 21 digits before the point and 25 after it, so that a
//   model cannot write digits forever. A set without numbers of that length has no limit.
DfaPtr NumberSpellings(const DfaPtr& numbers);

}  // namespace codellama
