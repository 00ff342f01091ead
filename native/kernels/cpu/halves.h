// Sixteen numbers of 16 bits as floats.
#pragma once

#include <immintrin.h>

namespace codellama::kernels {

inline __m512 LoadHalves(const void* halves) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(halves)));
}

}  // namespace codellama::kernels
