#pragma once

/// @file
/// Bodies of safetensors_writer.hpp.

#include "sharpeye/io/safetensors_writer.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/file.hpp"
#include "sharpeye/core/utf8.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/io/safetensors_header.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Whether these are panels of whole cache lines. Those of odd sizes are not, and stand among the others.
inline bool is_cache_lines(const TensorDeclaration& tensor) {
  Index remainder = size_of(tensor.dtype) % 64;
  for (const Index extent : tensor.shape) remainder = remainder * (extent % 64) % 64;
  return is_panels_name(tensor.name) && remainder == 0;
}

}  // namespace detail

SHARPEYE_BODY std::string safetensors_header_bytes(const std::vector<TensorDeclaration>& tensors,
                                                   const std::map<std::string, std::string>& metadata,
                                                   const std::string& where) {
  for (const auto& [key, value] : metadata) {
    for (const std::string* text : {&key, &value}) {
      require(is_utf8(*text), ErrorCode::kInvalidArgument, where, ": __metadata__: expected UTF-8, actual ",
              in_quotes(*text));
    }
  }
  std::string json = "{";
  if (!metadata.empty()) json += "\"__metadata__\":" + Json(metadata).dump();
  std::uint64_t position = 0;
  for (const TensorDeclaration& tensor : tensors) {
    require(is_utf8(tensor.name), ErrorCode::kInvalidArgument, where, ": expected a name in UTF-8, actual ",
            in_quotes(tensor.name));
    const std::uint64_t begin = position;
    std::uint64_t bytes = static_cast<std::uint64_t>(size_of(tensor.dtype));
    bool fits = tensor.shape.size() <= kTensorRankLimit && tensor.name != "__metadata__";
    for (const Index extent : tensor.shape) {
      fits = fits && extent >= 0 && checked_multiply(bytes, static_cast<std::uint64_t>(extent), bytes);
    }
    // In bits, too, the size must be below 2^64: that is how readers compute it.
    fits = fits && checked_add(position, bytes, position) && position >> 60 == 0;
    require(fits, ErrorCode::kInvalidArgument, where, ": ", in_quotes(tensor.name),
            ": expected a name and a shape that the format allows, actual shape ", shape_text(tensor.shape));
    json += (json.size() > 1 ? "," : "") + Json(tensor.name).dump() + ":{\"dtype\":\"" + to_string(tensor.dtype) +
            "\",\"shape\":" + Json(tensor.shape).dump() + ",\"data_offsets\":[" + std::to_string(begin) + "," +
            std::to_string(position) + "]}";
  }
  json += "}";
  constexpr std::size_t kLengthBytes = 8;
  const std::size_t alignment = !tensors.empty() && detail::is_cache_lines(tensors.front()) ? 64 : 8;
  json.resize((kLengthBytes + json.size() + alignment - 1) / alignment * alignment - kLengthBytes, ' ');
  require(json.size() <= kSafetensorsHeaderLimit, ErrorCode::kLimit, where, ": expected a header of at most ",
          kSafetensorsHeaderLimit, " bytes, actual ", json.size());
  std::string length;
  for (int shift = 0; shift < 64; shift += 8) length += static_cast<char>(json.size() >> shift & 0xff);
  return length + json;
}

SHARPEYE_BODY void write_safetensors(const std::string& path, std::vector<TensorDeclaration> tensors,
                                     const std::function<StoredTensor(const TensorDeclaration&)>& supply,
                                     const std::map<std::string, std::string>& metadata) {
  std::sort(tensors.begin(), tensors.end(), [](const TensorDeclaration& a, const TensorDeclaration& b) {
    if (detail::is_cache_lines(a) != detail::is_cache_lines(b)) return detail::is_cache_lines(a);
    const Index difference = size_of(b.dtype) - size_of(a.dtype);
    return difference != 0 ? difference < 0 : a.name < b.name;
  });
  std::set<std::string> names;
  for (const TensorDeclaration& tensor : tensors) {
    require(names.insert(tensor.name).second, ErrorCode::kInvalidArgument, path, ": ", in_quotes(tensor.name),
            ": expected once, actual twice");
  }
  AtomicFile file(path);
  file.write(safetensors_header_bytes(tensors, metadata, path));
  for (const TensorDeclaration& tensor : tensors) {
    const StoredTensor supplied = supply(tensor);
    require(supplied.dtype == tensor.dtype && supplied.shape == tensor.shape, ErrorCode::kShape, path, ": ",
            in_quotes(tensor.name), ": expected ", to_string(tensor.dtype), ' ', shape_text(tensor.shape),
            ", supplied ", to_string(supplied.dtype), ' ', shape_text(supplied.shape));
    file.write(supplied.data, static_cast<std::size_t>(supplied.bytes()));
  }
  file.commit();
}

SHARPEYE_BODY void write_safetensors(const std::string& path, const TensorSource& source,
                                     const std::map<std::string, std::string>& metadata) {
  std::vector<TensorDeclaration> tensors;
  for (const std::string& name : source.names()) {
    const TensorInfo& info = source.info(name);
    require(info.dtype.has_value(), ErrorCode::kUnsupported, source.where(), ": ", in_quotes(name),
            ": expected a dtype that can be read, actual ", info.dtype_name);
    tensors.push_back({name, *info.dtype, info.shape});
  }
  write_safetensors(
      path, std::move(tensors), [&](const TensorDeclaration& tensor) { return source.read(tensor.name); }, metadata);
}

SHARPEYE_NAMESPACE_END
