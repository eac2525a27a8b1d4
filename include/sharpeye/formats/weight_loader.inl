#pragma once

/// @file
/// Bodies of weight_loader.hpp.

#include "sharpeye/formats/weight_loader.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <utility>

#include "sharpeye/core/words.hpp"
#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/formats/finite.hpp"
#include "sharpeye/formats/int8.hpp"
#include "sharpeye/formats/moved_names.hpp"
#include "sharpeye/formats/quantize_model.hpp"
#include "sharpeye/formats/weight_scope.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

// A hostile file has any number of names, and comparing takes a while; models have fewer.
inline constexpr std::size_t kComparedNames = 5000;

inline bool is_below(const std::string& name, const std::string& path) {
  return path.empty() ||
         (name.compare(0, path.size(), path) == 0 && (name.size() == path.size() || name[path.size()] == '.'));
}

// Kernels read panels as they stand. Ours begin on a cache line; a file by someone else may begin anywhere.
inline StoredTensor on_cache_line(StoredTensor tensor) {
  constexpr std::uintptr_t kAlignment = 64;
  if (reinterpret_cast<std::uintptr_t>(tensor.data) % kAlignment == 0) return tensor;
  const auto bytes = static_cast<std::size_t>(tensor.bytes());
  const std::shared_ptr<void> copy = allocate_pages(bytes);
  std::memcpy(copy.get(), tensor.data, bytes);
  tensor.data = static_cast<const std::byte*>(copy.get());
  tensor.owner = copy;
  return tensor;
}

}  // namespace detail

SHARPEYE_BODY WeightLoader::WeightLoader(std::shared_ptr<const TensorSource> source, WeightOptions options)
    : source_(std::move(source)), options_(options), names_(source_->names()) {}

SHARPEYE_BODY WeightScope WeightLoader::root(std::string prefix) {
  return WeightScope(*this, std::move(prefix));
}

SHARPEYE_BODY bool WeightLoader::has(const std::string& name) const {
  return source_->find(name) != nullptr || is_packed(*source_, name);
}

SHARPEYE_BODY bool WeightLoader::has_prefix(const std::string& prefix) const {
  return std::any_of(names_.begin(), names_.end(),
                     [&](const std::string& name) { return detail::is_below(name, prefix); });
}

SHARPEYE_BODY WeightTensor WeightLoader::get(const std::string& name, const std::vector<Index>& shape) {
  const Located located = locate(name, shape);
  const auto& [codec, in_panels, layout] = located;
  StoredTensor elements = source_->read_into(layout.elements.name, [&](std::size_t bytes) {
    return located.in_panels ? pages_->allocate(bytes) : rows_.allocate(bytes);
  });
  if (in_panels) {
    elements = detail::on_cache_line(std::move(elements));
    if (!options_.trust_panels) codec->check_panels(elements, source_->where(), options_.allow_non_finite);
  } else {
    codec->check_rows(elements, source_->where(), options_.allow_non_finite);
  }
  WeightTensor tensor;
  tensor.name = name;
  tensor.shape = shape;
  tensor.codec = codec;
  tensor.in_panels = in_panels;
  tensor.data = elements.data;
  tensor.owner = std::move(elements.owner);
  tensor.pages = pages_;
  tensor.pool = options_.pool;
  if (layout.scales) tensor.scales = get_beside(*layout.scales);
  if (layout.sums) tensor.sums = get_beside(*layout.sums);
  read_.insert(layout.elements.name);
  if (codec->has_scales()) {
    has_integers_ = true;
  } else if (format_in_model({name, {}, {}, shape}, int8_codec()) != nullptr) {
    has_floats_ = true;
  }
  return tensor;
}

SHARPEYE_BODY void WeightLoader::skip(const std::string& name, const std::vector<Index>& shape) {
  const WeightLayout layout = locate(name, shape).layout;
  for (const auto& beside : {layout.scales, layout.sums}) {
    if (!beside) continue;
    check_beside(*beside);
    read_.insert(beside->name);
  }
  read_.insert(layout.elements.name);
}

SHARPEYE_BODY StoredTensor WeightLoader::get_stored(const std::string& name) {
  StoredTensor tensor = source_->read(name);
  read_.insert(name);
  return tensor;
}

SHARPEYE_BODY WeightLoader::Located WeightLoader::locate(const std::string& name,
                                                         const std::vector<Index>& shape) const {
  if (!has(name)) fail_missing(name);
  return is_packed(*source_, name) ? locate_panels(name, shape) : locate_rows(name, shape);
}

SHARPEYE_BODY WeightLoader::Located WeightLoader::locate_rows(const std::string& name,
                                                              const std::vector<Index>& shape) const {
  const TensorInfo& info = source_->info(name);
  const bool has_scales = source_->find(name + kScaleSuffix) != nullptr;
  const auto where = [&] { return source_->where() + ": " + name; };
  if (!has_scales && info.shape != shape) {
    fail(ErrorCode::kShape, where(), ": expected ", shape_text(shape), ", file has ", shape_text(info.shape));
  }
  const WeightCodec* codec = info.dtype ? find_rows_codec(*info.dtype, has_scales) : nullptr;
  if (codec == nullptr) {
    fail(ErrorCode::kShape, where(), ": expected dtype ", rows_dtypes_text(has_scales),
         has_scales ? " beside its scales" : "", ", file has ", info.dtype_name);
  }
  if (!codec->can_hold(shape)) {
    fail(ErrorCode::kShape, where(), ": expected rows of whole groups of ", codec->group(), " numbers for ",
         codec->name(), ", actual ", matrix_extents(shape).second);
  }
  WeightLayout layout = codec->rows_layout(name, shape);
  if (info.shape != layout.elements.shape) {
    fail(ErrorCode::kShape, where(), ": expected ", shape_text(layout.elements.shape), ", file has ",
         shape_text(info.shape));
  }
  return {codec, false, std::move(layout)};
}

SHARPEYE_BODY WeightLoader::Located WeightLoader::locate_panels(const std::string& name,
                                                                const std::vector<Index>& shape) const {
  const TensorInfo& info = source_->info(name + kPanelsSuffix);
  const bool has_scales = source_->find(name + kScaleSuffix) != nullptr;
  const auto where = [&] { return source_->where() + ": " + info.name; };
  const WeightCodec* codec = info.dtype ? find_panels_codec(*info.dtype, has_scales) : nullptr;
  if (codec == nullptr || !codec->can_hold(shape)) {
    fail(ErrorCode::kShape, where(), ": expected ", panels_dtypes_text(), has_scales ? " beside its scales" : "",
         " for ", shape_text(shape), codec == nullptr ? "" : concat(" in rows of whole groups of ", codec->group()),
         ", file has ", info.dtype_name);
  }
  WeightLayout layout = codec->panels_layout(name, shape);
  if (info.shape != layout.elements.shape) {
    fail(ErrorCode::kShape, where(), ": expected ", shape_text(shape), " in panels, as ",
         to_string(layout.elements.dtype), " ", shape_text(layout.elements.shape), ", file has ", info.dtype_name, " ",
         shape_text(info.shape));
  }
  return {codec, true, std::move(layout)};
}

// What stands beside a matrix: floats of any kind; not a tensor that a model asks for.
SHARPEYE_BODY void WeightLoader::check_beside(const TensorDeclaration& declared) const {
  const TensorInfo& info = source_->info(declared.name);
  if (info.shape != declared.shape) {
    fail(ErrorCode::kShape, source_->where(), ": ", info.name, ": expected ", shape_text(declared.shape), ", file has ",
         shape_text(info.shape));
  }
  if (!info.dtype || find_float_codec(*info.dtype) == nullptr) {
    fail(ErrorCode::kShape, source_->where(), ": ", info.name, ": expected dtype ", rows_dtypes_text(false),
         ", file has ", info.dtype_name);
  }
}

SHARPEYE_BODY WeightTensor::Floats WeightLoader::get_beside(const TensorDeclaration& declared) {
  check_beside(declared);
  const StoredTensor tensor = get_stored(declared.name);
  if (!options_.allow_non_finite) require_finite(tensor, source_->where());
  const auto values = std::make_shared<std::vector<float>>(static_cast<std::size_t>(tensor.size()));
  tensor.copy_to(values->data());
  return values;
}

SHARPEYE_BODY void WeightLoader::fail_missing(const std::string& name) const {
  std::vector<std::string> unread;
  std::copy_if(names_.begin(), names_.end(), std::back_inserter(unread),
               [&](const std::string& other) { return read_.count(other) == 0; });
  const std::string moved = find_moved(name, unread);
  unread.resize(std::min(unread.size(), detail::kComparedNames));
  const std::string similar = nearest_name(name, unread);
  std::string hint;
  if (!moved.empty()) {
    hint = concat(", but ", moved, ": ", describe_move(name, moved));
  } else if (!similar.empty()) {
    hint = concat("; the nearest of those not read is ", similar);
  }
  fail(ErrorCode::kMissingTensor, source_->where(), ": ", name, ": expected a tensor, actual none", hint);
}

SHARPEYE_BODY void WeightLoader::require_all_read(const std::vector<std::string>& ignored) const {
  std::string listed;
  Index count = 0;
  std::vector<std::string> read(read_.begin(), read_.end());
  read.resize(std::min(read.size(), detail::kComparedNames));
  for (const std::string& name : names_) {
    const bool skip = read_.count(name) != 0 || std::any_of(ignored.begin(), ignored.end(), [&](const auto& path) {
                        return detail::is_below(name, path);
                      });
    if (skip || ++count > 5) continue;
    const std::string similar = nearest_name(name, read);
    listed += (count > 1 ? ", " : "") + name + (similar.empty() ? "" : " (the model reads " + similar + ")");
  }
  require(count == 0, ErrorCode::kUnreadTensor, source_->where(), ": expected every tensor to be read, actual ", count,
          " unread: ", listed, count > 5 ? ", ..." : "");
}

SHARPEYE_NAMESPACE_END
