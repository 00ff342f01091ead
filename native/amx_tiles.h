// Included before each C++ file of ggml's CPU backend, so that the shapes of AMX's tiles reach the
// CPU. GCC before 12.4 and 13.3 takes _tile_loadconfig to read 8 of its 64 bytes
// (gcc.gnu.org/PR114098) and leaves out what is written to the others; the first instruction on a
// tile then ends the process with SIGILL.
#pragma once

#if defined(__AMX_TILE__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>
#undef _tile_loadconfig
#define _tile_loadconfig(config) \
  __asm__ volatile("ldtilecfg\t%X0" : : "m"(*reinterpret_cast<const char (*)[64]>(config)))
#endif
