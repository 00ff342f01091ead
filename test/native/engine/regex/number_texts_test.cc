#include "engine/regex/number_texts.h"

#include <cmath>
#include <random>
#include <string>

#include "engine/base/error.h"
#include "support/check.h"

using namespace codellama;  // NOLINT: a test of one unit

namespace {

std::string RandomNumber(std::mt19937* random) {
  const auto below = [&](uint32_t limit) { return (*random)() % limit; };
  const uint32_t places = below(4);
  std::string text = below(2) == 0 ? "" : "-";
  text += std::to_string(below(3) == 0 ? below(20) : below(5000));
  if (places == 0) return text;
  text += '.';
  for (uint32_t i = 0; i < places; i++) text += static_cast<char>('0' + below(10));
  return text;
}

}  // namespace

TEST(sets_of_numbers_compare_exactly) {
  std::mt19937 random(1);
  for (int i = 0; i < 100; i++) {
    const std::string bound_text = RandomNumber(&random);
    const Decimal bound = ParseDecimal(bound_text);
    const double limit = std::stod(bound_text);
    const DfaPtr sets[] = {NumbersFrom(bound, false), NumbersFrom(bound, true),
                           NumbersUpTo(bound, false), NumbersUpTo(bound, true)};
    for (int j = 0; j < 100; j++) {
      const std::string text = j == 0 ? bound_text : RandomNumber(&random);
      const double value = std::stod(text);
      const std::string canonical = CanonicalText(ParseDecimal(text));
      CHECK(AllNumbers()->Contains(canonical));
      CHECK_EQ(sets[0]->Contains(canonical), value >= limit);
      CHECK_EQ(sets[1]->Contains(canonical), value > limit);
      CHECK_EQ(sets[2]->Contains(canonical), value <= limit);
      CHECK_EQ(sets[3]->Contains(canonical), value < limit);
      CHECK_EQ(NumberSpellings(sets[0])->Contains(text),
               value >= limit && !(text.starts_with("-") && value == 0));
    }
  }
}

TEST(numbers_outside_a_set_do_not_round_into_it) {
  const DfaPtr below = NumbersUpTo(ParseDecimal("3"), true);
  CHECK(!below->Contains("2." + std::string(25, '9')));
  CHECK(below->Contains("2.9999999999999996"));
  CHECK(below->Contains("0.30000000000000004"));
  const DfaPtr above = NumbersFrom(ParseDecimal("-0.5"), true);
  CHECK(!above->Contains("-0.4" + std::string(24, '9')));
  CHECK(above->Contains("-0.49999999999999994"));
  CHECK(NumbersFrom(ParseDecimal("0"), true)->Contains("0." + std::string(24, '0') + "1"));

  const DfaPtr fractions = NumbersOutside(AllIntegers());
  CHECK(!fractions->Contains("1.0000000000000001"));
  CHECK(fractions->Contains("9.000000000000001"));
  CHECK(NumbersOutside(NoText()) == AllNumbers());
  std::mt19937_64 random(3);
  for (int i = 0; i < 10'000; i++) {
    std::string digits = std::to_string(random() % 10'000'000'000'000'000 + 1);
    digits.insert(1 + random() % digits.size(), ".");
    const std::string canonical = CanonicalText(ParseDecimal(digits));
    const double value = std::stod(canonical);
    CHECK_EQ(fractions->Contains(canonical), value != std::floor(value));
  }
}

TEST(sets_of_multiples_are_exact) {
  std::mt19937 random(2);
  for (const char* divisor : {"1", "2", "7", "100", "0.01", "0.25", "1e2", "2.5", "13"}) {
    const DfaPtr multiples = MultiplesOf(ParseDecimal(divisor));
    for (int i = 0; i < 300; i++) {
      const std::string text = RandomNumber(&random);
      const double quotient = std::stod(text) / std::stod(divisor);
      const bool whole = std::fabs(quotient - std::round(quotient)) < 1e-7;
      CHECK_EQ(multiples->Contains(CanonicalText(ParseDecimal(text))), whole);
    }
  }
}

TEST(numbers_are_spelled_as_people_write_them) {
  const DfaPtr any = NumberSpellings(AllNumbers());
  for (const char* text : {"0", "-0", "10", "1.50", "0.0", "1e5", "1E+99", "-5.20", "1e+299"})
    CHECK(any->Contains(text));
  for (const char* text : {"00", "1.", ".5", "+1", "1e300", "1e", "-"}) CHECK(!any->Contains(text));
  const DfaPtr integers = NumberSpellings(AllIntegers());
  CHECK(integers->Contains("-123456789012345678901"));
  CHECK(!integers->Contains("1.0") && !integers->Contains("1234567890123456789012"));
  const DfaPtr huge = NumbersFrom(ParseDecimal("1e30"), false);
  CHECK(NumberSpellings(huge)->Contains("1" + std::string(30, '0')));
  CHECK_EQ(CanonicalText(ParseDecimal("-12.50e-3")), "-0.0125");
  CHECK_EQ(CanonicalText(ParseDecimal("-0.0")), "0");
}
