// Loads 16 half-precision numbers as floats.
#pragma once

#include <immintrin.h>

namespace codellama::kernels {

inline __m512 LoadFp16(const void* halves) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(halves)));
}

}  // namespace codellama::kernels
