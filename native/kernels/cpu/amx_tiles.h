// What GCC gets wrong about AMX's tiles, mended; included before each C++ file of ggml's CPU
// backend.
#pragma once

#if defined(__AMX_TILE__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>

// The shapes of the tiles must reach the CPU. GCC before 12.4 and 13.3 takes _tile_loadconfig to
// read 8 of its 64 bytes (gcc.gnu.org/PR114098) and leaves out what is written to the others; the
// first instruction on a tile then ends the process with SIGILL.
#undef _tile_loadconfig
#define _tile_loadconfig(config) \
  __asm__ volatile("ldtilecfg\t%X0" : : "m"(*reinterpret_cast<const char (*)[64]>(config)))
#endif

#if defined(__AMX_TILE__)
#include <immintrin.h>

#include <atomic>
#include <cstdint>

namespace codellama::kernels {

// What a tile is loaded from has been written when this returns: GCC does not know that loading a
// tile reads memory.
inline void FinishStores() { std::atomic_signal_fence(std::memory_order_seq_cst); }

// Gives each of the eight tiles so many rows, of 64 bytes.
inline void ConfigureTiles(const uint8_t (&rows)[8]) {
  struct alignas(64) {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {};
  } config;
  for (int tile = 0; tile < 8; tile++) config.rows[tile] = rows[tile];
  _tile_loadconfig(&config);
}

}  // namespace codellama::kernels
#endif
