// The micro-tile: how much of C one call of a micro-kernel holds in registers.

/// The largest micro-tile is two vectors wide, one micro-panel of B or two, and as high as the registers allow: MR rows
/// with 16 registers, 2 MR with 32. Those 12 or 24 accumulators need 8 or 14 loads a step of k, so that both FMA pipes
/// stay busy.
inline constexpr Index kWidePanels = 2 * kLanes / kNR;
inline constexpr Index kHighRows = (kRegisters - 4) / 2 / kMR * kMR;

/// How many bytes ahead the weights of a product with few rows are prefetched: these stream from memory, and the
/// hardware's prefetcher stops at each page. (int8, 768 x 3072, two threads: one row 60 -> 54 us, three
/// 93 -> 64, six 130 -> 80; with 1024 or 16384 less.)
inline constexpr Index kStreamAhead = 4096;

/// Prefetches what stands kStreamAhead behind `byte` of one or two micro-panels, or of those that follow them.
template <int kPanels>
SHARPEYE_INLINE void prefetch_stream(const void* panel, Index stride, Index byte) noexcept {
  byte += kStreamAhead;
  if (kPanels == 2 && byte >= stride) byte += stride;
#pragma GCC unroll 2
  for (Index j = 0; j < kPanels; ++j) __builtin_prefetch(static_cast<const char*>(panel) + j * stride + byte);
}

/// How many of the remaining rows the next micro-tile takes.
inline Index tile_height(Index rest) noexcept {
  return rest >= kHighRows ? kHighRows : rest < kMR ? rest : kMR;
}
/// How many of the remaining micro-panels the next micro-tile takes.
inline Index tile_width(Index rest) noexcept {
  return rest < kWidePanels ? 1 : kWidePanels;
}
