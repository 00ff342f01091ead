// Extreme numbers for hostile files.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace codellama::test {

inline constexpr std::array<uint64_t, 24> kNumbers = {
    0,
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    15,
    16,
    17,
    31,
    32,
    33,
    64,
    100,
    255,
    512,
    513,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    uint64_t{1} << 63,
    ~uint64_t{0},
};

inline constexpr std::array<float, 10> kFloats = {0,     -0.0F,  1,        -1,  1e-30F,
                                                  1e30F, -1e30F, INFINITY, NAN, 0.5F};

}  // namespace codellama::test
