#pragma once

/// @file
/// Choosing among the kinds of a std::variant of configurations by `model_type`. For .inl files.

#include <string>
#include <variant>

#include "sharpeye/io/json_reader.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace detail {

template <class Variant, std::size_t I = 0>
void list_kinds(std::string& kinds) {
  if constexpr (I < std::variant_size_v<Variant>) {
    kinds += (I == 0 ? "" : ", ") + in_quotes(std::variant_alternative_t<I, Variant>::kModelType);
    list_kinds<Variant, I + 1>(kinds);
  }
}

/// The alternative whose kModelType the object's `model_type` is; the first one where it has none.
/// @throws Error kUnsupported with the list of kinds
template <class Variant, std::size_t I = 0>
Variant read_kind(const JsonReader& json) {
  if constexpr (I < std::variant_size_v<Variant>) {
    using Config = std::variant_alternative_t<I, Variant>;
    const std::string kind = json.text("model_type", std::variant_alternative_t<0, Variant>::kModelType);
    if (kind == Config::kModelType) return Config::from_json(json);
    return read_kind<Variant, I + 1>(json);
  } else {
    std::string kinds;
    list_kinds<Variant>(kinds);
    fail(ErrorCode::kConfig, json.where("model_type"), ": expected one of ", kinds, ", actual ",
         in_quotes(json.text("model_type")));
  }
}

}  // namespace detail
SHARPEYE_NAMESPACE_END
