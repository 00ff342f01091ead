// Workarounds for GCC's AMX intrinsics, and the configuration of tiles. The build includes this
// file in front of every C++ file of ggml's CPU backend.
#pragma once

#if defined(__AMX_TILE__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>

// GCC before 12.4 and 13.3 believes that _tile_loadconfig reads 8 of its 64 bytes
// (gcc.gnu.org/PR114098) and drops the stores to the other 56. The first tile instruction then ends
// the process with SIGILL.
#undef _tile_loadconfig
#define _tile_loadconfig(config) \
  __asm__ volatile("ldtilecfg\t%X0" : : "m"(*reinterpret_cast<const char (*)[64]>(config)))
#endif

#if defined(__AMX_TILE__)
#include <immintrin.h>

#include <atomic>
#include <cstdint>

namespace codellama::kernels {

// Completes all stores before a tile is loaded. GCC does not know that loading a tile reads memory.
inline void FinishStores() { std::atomic_signal_fence(std::memory_order_seq_cst); }

// Sets the number of rows of each of the eight tiles. A row has 64 bytes.
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
