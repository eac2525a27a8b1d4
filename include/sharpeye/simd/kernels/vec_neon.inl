// The vector type of NEON (ARMv8-A, 64 bits): eight lanes in two registers, so that 16 of them fill the register file
// as AVX2's do, and every reduction runs in the same order as there. Included inside a namespace of its
// own; again with SHARPEYE_NEON_DOT inside a target region that has the dot product of bytes, and with
// SHARPEYE_NEON_MATRIX where there is the product of matrices, too.

inline constexpr Index kLanes = 8;
inline constexpr int kRegisters = 16;
inline constexpr bool kFewRows = false;

struct Vec {
  float32x4_t low, high;
};

inline Vec broadcast(float x) noexcept {
  return {vdupq_n_f32(x), vdupq_n_f32(x)};
}
inline Vec load(const float* p) noexcept {
  return {vld1q_f32(p), vld1q_f32(p + 4)};
}
inline Vec load(const float16* p) noexcept {
  const uint16x8_t words = vld1q_u16(reinterpret_cast<const std::uint16_t*>(p));
  return {vcvt_f32_f16(vreinterpret_f16_u16(vget_low_u16(words))),
          vcvt_f32_f16(vreinterpret_f16_u16(vget_high_u16(words)))};
}
inline Vec load(const bfloat16* p) noexcept {
  const uint16x8_t words = vld1q_u16(reinterpret_cast<const std::uint16_t*>(p));
  return {vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(words), 16)),
          vreinterpretq_f32_u32(vshll_n_u16(vget_high_u16(words), 16))};
}
inline void store(float* p, Vec x) noexcept {
  vst1q_f32(p, x.low);
  vst1q_f32(p + 4, x.high);
}
inline void store(float16* p, Vec x) noexcept {
  const uint16x4_t low = vreinterpret_u16_f16(vcvt_f16_f32(x.low)), high = vreinterpret_u16_f16(vcvt_f16_f32(x.high));
  vst1q_u16(reinterpret_cast<std::uint16_t*>(p), vcombine_u16(low, high));
}
inline Vec add(Vec a, Vec b) noexcept {
  return {vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)};
}
inline Vec sub(Vec a, Vec b) noexcept {
  return {vsubq_f32(a.low, b.low), vsubq_f32(a.high, b.high)};
}
inline Vec mul(Vec a, Vec b) noexcept {
  return {vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)};
}
inline Vec div(Vec a, Vec b) noexcept {
  return {vdivq_f32(a.low, b.low), vdivq_f32(a.high, b.high)};
}
/// a * b + c
inline Vec fma(Vec a, Vec b, Vec c) noexcept {
  return {vfmaq_f32(c.low, a.low, b.low), vfmaq_f32(c.high, a.high, b.high)};
}
/// a * b + c, rounded once on every instruction set
inline Vec fused(Vec a, Vec b, Vec c) noexcept {
  return fma(a, b, c);
}
/// The larger of each pair; b where either is NaN (NEON's own maximum is NaN there).
inline Vec max(Vec a, Vec b) noexcept {
  return {vbslq_f32(vcgtq_f32(a.low, b.low), a.low, b.low), vbslq_f32(vcgtq_f32(a.high, b.high), a.high, b.high)};
}
inline Vec min(Vec a, Vec b) noexcept {
  return {vbslq_f32(vcltq_f32(a.low, b.low), a.low, b.low), vbslq_f32(vcltq_f32(a.high, b.high), a.high, b.high)};
}
inline Vec abs(Vec a) noexcept {
  return {vabsq_f32(a.low), vabsq_f32(a.high)};
}
inline Vec copysign(Vec magnitude, Vec sign) noexcept {
  const uint32x4_t bit = vdupq_n_u32(0x80000000);
  return {vbslq_f32(bit, sign.low, magnitude.low), vbslq_f32(bit, sign.high, magnitude.high)};
}
inline Vec round(Vec a) noexcept {
  return {vrndnq_f32(a.low), vrndnq_f32(a.high)};
}
/// a * 2^n, n an integer in [-126, 127]
inline Vec ldexp(Vec a, Vec n) noexcept {
  const auto power = [](float32x4_t integer) {
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(integer), vdupq_n_s32(127)), 23));
  };
  return {vmulq_f32(a.low, power(n.low)), vmulq_f32(a.high, power(n.high))};
}

inline float reduce_add(Vec a) noexcept {
  const float32x4_t four = vaddq_f32(a.low, a.high);
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}
inline float reduce_max(Vec a) noexcept {
  const Vec swapped{a.high, a.low};
  const float32x4_t four = max(a, swapped).low;
  float lane[4];
  vst1q_f32(lane, four);
  float result = lane[0];
  for (int i = 1; i < 4; ++i) result = lane[i] > result ? lane[i] : result;
  return result;
}

/// Stores the kMR x kLanes matrix of these rows column by column. Two neighbours of a column travel as one
/// double; a store that interleaves three registers writes two whole columns.
inline void store_columns(const Vec (&rows)[kMR], float* p) noexcept {
  const auto columns = [&](float32x4_t(&row)[kMR], float* target) {
    float64x2x3_t first, second;
#pragma GCC unroll 3
    for (int i = 0; i < 3; ++i) {
      first.val[i] = vreinterpretq_f64_f32(vzip1q_f32(row[2 * i], row[2 * i + 1]));
      second.val[i] = vreinterpretq_f64_f32(vzip2q_f32(row[2 * i], row[2 * i + 1]));
    }
    vst3q_f64(reinterpret_cast<double*>(target), first);
    vst3q_f64(reinterpret_cast<double*>(target + 2 * kMR), second);
  };
  float32x4_t low[kMR], high[kMR];
#pragma GCC unroll 6
  for (Index r = 0; r < kMR; ++r) {
    low[r] = rows[r].low;
    high[r] = rows[r].high;
  }
  columns(low, p);
  columns(high, p + 4 * kMR);
}

/// Integers, one a lane, or four bytes a lane.
struct IntVec {
  int32x4_t low, high;
};

SHARPEYE_INLINE IntVec broadcast_int(std::int32_t x) noexcept {
  return {vdupq_n_s32(x), vdupq_n_s32(x)};
}
SHARPEYE_INLINE IntVec add(IntVec a, IntVec b) noexcept {
  return {vaddq_s32(a.low, b.low), vaddq_s32(a.high, b.high)};
}
SHARPEYE_INLINE IntVec load_bytes(const std::uint8_t* p) noexcept {
  return {vreinterpretq_s32_u8(vld1q_u8(p)), vreinterpretq_s32_u8(vld1q_u8(p + 16))};
}
/// The same four bytes in each lane.
SHARPEYE_INLINE IntVec broadcast_bytes(const std::int8_t* p) noexcept {
  std::int32_t word;
  std::memcpy(&word, p, sizeof word);
  return broadcast_int(word);
}
/// sum + u . s in each lane of one register, of four bytes in [0, 127] and four signed ones. (Numbers of seven bits are
/// the same with and without a sign, and ARMv8.2's dot product takes two signed ones.)
SHARPEYE_INLINE int32x4_t dot_bytes(int32x4_t sum, int32x4_t u, int32x4_t s) noexcept {
  const int8x16_t a = vreinterpretq_s8_s32(u), b = vreinterpretq_s8_s32(s);
#if defined(SHARPEYE_NEON_DOT) && defined(__clang__)
  // (clang declares the intrinsic only where the whole program may use the instruction.)
  __asm__("sdot %0.4s, %1.16b, %2.16b" : "+w"(sum) : "w"(a), "w"(b));
  return sum;
#elif defined(SHARPEYE_NEON_DOT)
  return vdotq_s32(sum, a, b);
#else
  const int32x4_t first = vpaddlq_s16(vmull_s8(vget_low_s8(a), vget_low_s8(b)));
  const int32x4_t second = vpaddlq_s16(vmull_high_s8(a, b));
  return vaddq_s32(sum, vpaddq_s32(first, second));
#endif
}
SHARPEYE_INLINE IntVec dot_bytes(IntVec sum, IntVec u, IntVec s) noexcept {
  return {dot_bytes(sum.low, u.low, s.low), dot_bytes(sum.high, u.high, s.high)};
}
/// As dot_bytes, of 4 unsigned bits. (Other instruction sets keep the sums of a group in 16 bits: see vec_avx2.inl.)
inline constexpr bool kNarrowSums = false;
SHARPEYE_INLINE IntVec dot_nibbles(IntVec sum, IntVec u, IntVec s) noexcept {
  return dot_bytes(sum, u, s);
}
SHARPEYE_INLINE IntVec widen_sum(IntVec sum) noexcept {
  return sum;
}
/// The lower, or upper, half of each byte.
SHARPEYE_INLINE IntVec low_nibbles(IntVec x) noexcept {
  const int32x4_t mask = vdupq_n_s32(0x0f0f0f0f);
  return {vandq_s32(x.low, mask), vandq_s32(x.high, mask)};
}
SHARPEYE_INLINE IntVec high_nibbles(IntVec x) noexcept {
  return {vreinterpretq_s32_u8(vshrq_n_u8(vreinterpretq_u8_s32(x.low), 4)),
          vreinterpretq_s32_u8(vshrq_n_u8(vreinterpretq_u8_s32(x.high), 4))};
}
SHARPEYE_INLINE Vec to_float(IntVec x) noexcept {
  return {vcvtq_f32_s32(x.low), vcvtq_f32_s32(x.high)};
}
/// Integers in [-128, 127] as bytes.
inline void store_bytes(std::int8_t* p, Vec x) noexcept {
  const int16x8_t words = vcombine_s16(vqmovn_s32(vcvtq_s32_f32(x.low)), vqmovn_s32(vcvtq_s32_f32(x.high)));
  vst1_s8(p, vqmovn_s16(words));
}

#if defined(SHARPEYE_NEON_MATRIX)
/// sum + a b of the 2 x 8 bytes of a and the 8 x 2 bytes of b: [row 0 column 0, 0 1, 1 0, 1 1].
SHARPEYE_INLINE int32x4_t multiply_pairs(int32x4_t sum, int32x4_t a, int32x4_t b) noexcept {
#if defined(__clang__)
  __asm__("smmla %0.4s, %1.16b, %2.16b" : "+w"(sum) : "w"(a), "w"(b));
  return sum;
#else
  return vmmlaq_s32(sum, vreinterpretq_s8_s32(a), vreinterpretq_s8_s32(b));
#endif
}

/// Adds the products of the first k / 8 * 8 steps of a micro-panel of A and one of B, and returns how
/// many steps these are. The instruction wants eight k of two rows, and of two columns, side by side; the micro-panels
/// have four of all, so two lines are interleaved on the way: 11 of these for 24 products (GCC 12: 53
/// instructions, no sum leaves its register).
inline Index add_matrix_products(Index k, const std::int8_t* a, const std::uint8_t* b,
                                 IntVec (&sum)[kMR][kNR / kLanes]) noexcept {
  constexpr Index kRowPairs = kMR / 2, kQuads = kNR / 4;
  int32x4_t pairs[kRowPairs][2 * kQuads];
#pragma GCC unroll 4
  for (auto& row : pairs) {
#pragma GCC unroll 8
    for (int32x4_t& pair : row) pair = vdupq_n_s32(0);
  }
  Index i = 0;
  for (; i + 8 <= k; i += 8) {
    const auto load_rows = [](const std::int8_t* p) { return vreinterpretq_s32_s8(vld1q_s8(p)); };
    const auto load_pair = [](const std::int8_t* p) {
      const int32x2_t pair = vreinterpret_s32_s8(vld1_s8(p));
      return vcombine_s32(pair, pair);
    };
    const std::int8_t *one = a + i * kMR, *two = one + 4 * kMR;
    static_assert(kMR == 6);
    const int32x4_t x[kRowPairs] = {vzip1q_s32(load_rows(one), load_rows(two)),
                                    vzip2q_s32(load_rows(one), load_rows(two)),
                                    vzip1q_s32(load_pair(one + 16), load_pair(two + 16))};
#pragma GCC unroll 4
    for (Index quad = 0; quad < kQuads; ++quad) {
      const int32x4_t first = vreinterpretq_s32_u8(vld1q_u8(b + i * kNR + 16 * quad));
      const int32x4_t second = vreinterpretq_s32_u8(vld1q_u8(b + (i + 4) * kNR + 16 * quad));
      const int32x4_t left = vzip1q_s32(first, second), right = vzip2q_s32(first, second);
#pragma GCC unroll 4
      for (Index r = 0; r < kRowPairs; ++r) {
        pairs[r][2 * quad] = multiply_pairs(pairs[r][2 * quad], x[r], left);
        pairs[r][2 * quad + 1] = multiply_pairs(pairs[r][2 * quad + 1], x[r], right);
      }
      __asm__ volatile("" ::: "memory");  // or GCC loads all of B first, and has no registers left for the sums
    }
  }
  // Rows again: the first row of two pairs side by side, then the second one.
  const auto row_of = [&](Index row, Index quad) {
    const int64x2_t left = vreinterpretq_s64_s32(pairs[row / 2][2 * quad]);
    const int64x2_t right = vreinterpretq_s64_s32(pairs[row / 2][2 * quad + 1]);
    return vreinterpretq_s32_s64(row % 2 == 0 ? vzip1q_s64(left, right) : vzip2q_s64(left, right));
  };
#pragma GCC unroll 8
  for (Index row = 0; row < kMR; ++row) {
#pragma GCC unroll 2
    for (Index v = 0; v < kNR / kLanes; ++v) {
      sum[row][v] = add(sum[row][v], IntVec{row_of(row, 2 * v), row_of(row, 2 * v + 1)});
    }
  }
  return i;
}
#endif
