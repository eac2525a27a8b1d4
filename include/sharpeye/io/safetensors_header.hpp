#pragma once

/// @file
/// The header of a safetensors file, as a pure function of its bytes and the file's size, so that it can be fuzzed
/// without files. Rules of huggingface/safetensors (tensor.rs), plus: duplicate keys and unknown keys are refused.
///
/// Layout: u64 little-endian N | N bytes of JSON | data. The JSON maps names to
/// `{"dtype": "F16", "shape": [2, 3], "data_offsets": [begin, end]}`, and "__metadata__" to a flat object of texts.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/core/types.hpp"
#include "sharpeye/io/tensor_source.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The JSON part may be this long, in bytes (the reference's own limit).
inline constexpr std::uint64_t kSafetensorsHeaderLimit = 100'000'000;
/// A tensor may have this many dimensions (ours: bounds the memory that a hostile header can ask for).
inline constexpr std::size_t kTensorRankLimit = 64;

/// A dtype name of the format, with the width of an element.
struct SafetensorsDType {
  std::string_view name;
  unsigned bits;
  std::optional<DType> dtype;  ///< empty when the library cannot read it
};

inline constexpr std::array<SafetensorsDType, 22> kSafetensorsDTypes{{
    {"BOOL", 8, DType::kBool},  {"U8", 8, DType::kU8},
    {"I8", 8, DType::kI8},      {"U16", 16, DType::kU16},
    {"I16", 16, DType::kI16},   {"U32", 32, DType::kU32},
    {"I32", 32, DType::kI32},   {"U64", 64, DType::kU64},
    {"I64", 64, DType::kI64},   {"F16", 16, DType::kF16},
    {"BF16", 16, DType::kBF16}, {"F32", 32, DType::kF32},
    {"F64", 64, DType::kF64},   {"C64", 64, {}},
    {"F8_E4M3", 8, {}},         {"F8_E5M2", 8, {}},
    {"F8_E8M0", 8, {}},         {"F8_E4M3FNUZ", 8, {}},
    {"F8_E5M2FNUZ", 8, {}},     {"F6_E2M3", 6, {}},
    {"F6_E3M2", 6, {}},         {"F4", 4, {}},
}};

/// nullptr when the format has no such dtype.
const SafetensorsDType* find_dtype(std::string_view name) noexcept;

/// What the header says.
struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;              ///< sorted by name; offsets count from data_begin
  std::map<std::string, std::string> metadata;  ///< "__metadata__"
  std::uint64_t data_begin = 0;                 ///< position of the data section in the file
};

/// The end of the header, 8 + N, from the first bytes of a file (8 suffice).
/// @throws Error kFormat when the file is too short for its header; kLimit beyond kSafetensorsHeaderLimit.
std::uint64_t safetensors_header_end(std::string_view bytes, std::uint64_t file_size, const std::string& where);

/// Reads and checks the header of a file of `file_size` bytes. Afterwards every tensor's bytes are inside the file,
/// have the size of its shape, and the tensors fill the data section without hole, overlap or rest.
/// @param bytes the beginning of the file, at least up to safetensors_header_end().
/// @throws Error kFormat or kLimit, naming the tensor.
SafetensorsHeader parse_safetensors_header(std::string_view bytes, std::uint64_t file_size, const std::string& where);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/safetensors_header.inl"
#endif
