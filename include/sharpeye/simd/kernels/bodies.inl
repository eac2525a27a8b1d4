// The one list of kernel bodies. Included once per instruction set, inside its region and namespace, after its vector
// type. A region that adds nothing but a better dot product of bytes defines SHARPEYE_INTEGERS_ONLY and compiles only
// the products of integers.

// Each file uses what stands before it.
// NOLINTBEGIN(bugprone-suspicious-include)
// clang-format off
#include "sharpeye/simd/kernels/math.inl"
#include "sharpeye/simd/kernels/activations.inl"
#include "sharpeye/simd/kernels/micro_tile.inl"
#include "sharpeye/simd/kernels/epilogue.inl"
#include "sharpeye/simd/kernels/integer.inl"
#if !defined(SHARPEYE_INTEGERS_ONLY)
#include "sharpeye/simd/kernels/rows.inl"
#include "sharpeye/simd/kernels/pack.inl"
#include "sharpeye/simd/kernels/gemm.inl"
#include "sharpeye/simd/kernels/attention.inl"
#include "sharpeye/simd/kernels/cached_attention.inl"
#include "sharpeye/simd/kernels/training.inl"
#include "sharpeye/simd/kernels/table.inl"
#endif
// clang-format on
// NOLINTEND(bugprone-suspicious-include)
