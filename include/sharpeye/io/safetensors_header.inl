#pragma once

/// @file
/// Bodies of safetensors_header.hpp.

#include "sharpeye/io/safetensors_header.hpp"

#include <algorithm>
#include <utility>

#include "sharpeye/core/error.hpp"
#include "sharpeye/io/file_kind.hpp"
#include "sharpeye/io/json.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY const SafetensorsDType* find_dtype(std::string_view name) noexcept {
  for (const SafetensorsDType& dtype : kSafetensorsDTypes) {
    if (dtype.name == name) return &dtype;
  }
  return nullptr;
}

namespace detail {

/// Takes the JSON events and fills a header. A document that leaves the format's grammar is refused at the first event
/// that does, so nothing is ever nested or kept beyond what a valid header needs.
class SafetensorsEvents final : public JsonEvents {
 public:
  SafetensorsEvents(SafetensorsHeader& header, const std::string& where) : header_(header), where_(where) {}

  void start_object() override {
    if (skips()) return enter();
    if (state_ == State::kStart) {
      state_ = State::kRoot;
    } else if (state_ == State::kRoot && name_ == "__metadata__") {
      if (std::exchange(seen_metadata_, true)) reject("expected once, actual twice");
      state_ = State::kMetadata;
    } else if (state_ == State::kRoot) {
      tensor_ = {};
      offsets_.clear();
      seen_shape_ = seen_offsets_ = false;
      state_ = State::kTensor;
    } else {
      refuse("an object");
    }
  }

  void key(std::string& text) override {
    if (depth_ == 0) (state_ == State::kRoot ? name_ : field_) = std::move(text);
  }

  void end_object() override {
    if (depth_ > 0) return leave();
    if (state_ == State::kTensor) {
      if (tensor_.dtype_name.empty() || !seen_shape_ || !seen_offsets_) {
        reject("expected the keys dtype, shape and data_offsets, actual one is missing");
      }
      tensor_.name = std::move(name_);
      header_.tensors.push_back(std::move(tensor_));
    }
    state_ = State::kRoot;  // the parser itself refuses anything after the root's end
  }

  void start_list() override {
    if (skips()) return enter();
    if (state_ == State::kTensor && field_ == "shape") {
      if (std::exchange(seen_shape_, true)) reject("key \"shape\": expected once, actual twice");
      state_ = State::kShape;
    } else if (state_ == State::kTensor && field_ == "data_offsets") {
      if (std::exchange(seen_offsets_, true)) reject("key \"data_offsets\": expected once, actual twice");
      state_ = State::kOffsets;
    } else {
      refuse("a list");
    }
  }

  void end_list() override {
    if (depth_ > 0) return leave();
    if (state_ == State::kOffsets) {
      if (offsets_.size() != 2) reject("data_offsets: expected [begin, end], actual " + shape_text(offsets_));
      tensor_.begin = static_cast<std::uint64_t>(offsets_[0]);
      tensor_.end = static_cast<std::uint64_t>(offsets_[1]);
    }
    state_ = State::kTensor;
  }

  void integer(std::uint64_t value) override {
    if (skips()) return;
    if (state_ != State::kShape && state_ != State::kOffsets) refuse("a number");
    if (value >> 63 != 0) refuse(std::to_string(value));
    std::vector<Index>& list = state_ == State::kShape ? tensor_.shape : offsets_;
    if (list.size() == kTensorRankLimit) {
      fail(ErrorCode::kLimit, path(), ": ", field_, ": expected at most ", kTensorRankLimit, " values, actual more");
    }
    list.push_back(static_cast<Index>(value));
  }

  void text(std::string& text) override {
    if (skips()) return;
    if (state_ == State::kMetadata) {
      const bool inserted = header_.metadata.emplace(field_, std::move(text)).second;
      if (!inserted) reject("key " + in_quotes(field_) + ": expected once, actual twice");
    } else if (state_ == State::kTensor && field_ == "dtype") {
      if (!tensor_.dtype_name.empty()) reject("key \"dtype\": expected once, actual twice");
      const SafetensorsDType* dtype = find_dtype(text);
      if (dtype == nullptr) reject("dtype: expected a name of the format, actual " + in_quotes(text));
      tensor_.dtype_name = dtype->name;
      tensor_.dtype = dtype->dtype;
    } else {
      refuse("text");
    }
  }

  void null() override {
    if (state_ != State::kRoot || name_ != "__metadata__") unless_skipped("null");
  }
  void boolean(bool) override { unless_skipped("true or false"); }
  void negative_integer(std::int64_t value) override { unless_skipped(std::to_string(value)); }
  void number(double, const std::string& digits) override { unless_skipped(in_quotes(digits)); }

 private:
  enum class State { kStart, kRoot, kMetadata, kTensor, kShape, kOffsets };

  // Whether we are in the value of a key that the format does not have, which the reference ignores too.
  bool skips() const {
    return depth_ > 0 ||
           (state_ == State::kTensor && field_ != "dtype" && field_ != "shape" && field_ != "data_offsets");
  }
  void enter() {
    require(++depth_ < kJsonDepthLimit, ErrorCode::kLimit, path(), ": ", in_quotes(field_), ": expected at most ",
            kJsonDepthLimit, " levels, actual nesting is deeper");
  }
  void leave() { --depth_; }
  void unless_skipped(const std::string& actual) const {
    if (!skips()) refuse(actual);
  }

  std::string path() const { return where_ + ": " + in_quotes(name_); }
  [[noreturn]] void reject(const std::string& text) const { fail(ErrorCode::kFormat, path(), ": ", text); }
  [[noreturn]] void refuse(const std::string& actual) const {
    switch (state_) {
      case State::kRoot: fail(ErrorCode::kFormat, path(), ": expected an object, actual ", actual);
      case State::kMetadata:
        fail(ErrorCode::kFormat, path(), ": key ", in_quotes(field_), ": expected text, actual ", actual);
      default:
        fail(ErrorCode::kFormat, path(), ": ", field_, ": expected ",
             field_ == "dtype" ? "text" : "a list of integers in [0, 2^63), written in digits", ", actual ", actual);
    }
  }

  SafetensorsHeader& header_;
  const std::string& where_;
  State state_ = State::kStart;
  std::string name_, field_;  // the keys we are below
  TensorInfo tensor_;
  std::vector<Index> offsets_;
  int depth_ = 0;  // below a key that is skipped
  bool seen_shape_ = false, seen_offsets_ = false, seen_metadata_ = false;
};

/// Bytes of a tensor of this shape and element width.
inline std::uint64_t stored_bytes(const TensorInfo& tensor, const std::string& where) {
  std::uint64_t bits = 1;
  bool fits = true;  // in this order and without regard to later zeros, as the reference multiplies
  for (const Index extent : tensor.shape)
    fits = fits && checked_multiply(bits, static_cast<std::uint64_t>(extent), bits);
  if (!fits || !checked_multiply(bits, find_dtype(tensor.dtype_name)->bits, bits)) {
    fail(ErrorCode::kFormat, where, ": ", in_quotes(tensor.name), ": expected a size below 2^64 bits, actual shape ",
         shape_text(tensor.shape), " of ", tensor.dtype_name);
  }
  if (bits % 8 != 0) {
    fail(ErrorCode::kFormat, where, ": ", in_quotes(tensor.name), ": expected whole bytes, actual ", bits,
         " bits for shape ", shape_text(tensor.shape), " of ", tensor.dtype_name);
  }
  return bits / 8;
}

}  // namespace detail

namespace detail {

/// Other files give a header of absurd length: says what they are, where that is known.
inline void require_no_other_kind(std::string_view bytes, const std::string& where) {
  if (bytes.size() <= 8) return;
  const std::string kind = describe_file(bytes);
  const bool is_known = kind != "safetensors" && kind.rfind("a file of an unknown kind", 0) != 0;
  require(!is_known, ErrorCode::kFormat, where, ": expected a safetensors file, actual ", kind);
}

}  // namespace detail

SHARPEYE_BODY std::uint64_t safetensors_header_end(std::string_view bytes, std::uint64_t file_size,
                                                   const std::string& where) {
  require(file_size >= 8 && bytes.size() >= 8, ErrorCode::kFormat, where,
          ": expected a safetensors file of at least 8 bytes, actual ", file_size);
  std::uint64_t length = 0;
  for (std::size_t i = 8; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  if (length > file_size - 8) detail::require_no_other_kind(bytes, where);
  require(length <= kSafetensorsHeaderLimit, ErrorCode::kLimit, where, ": expected a header of at most ",
          kSafetensorsHeaderLimit, " bytes, actual ", length);
  require(length <= file_size - 8, ErrorCode::kFormat, where, ": expected a header of at most ", file_size - 8,
          " bytes (the rest of the file), actual ", length);
  return 8 + length;
}

SHARPEYE_BODY SafetensorsHeader parse_safetensors_header(std::string_view bytes, std::uint64_t file_size,
                                                         const std::string& where) {
  SafetensorsHeader header;
  header.data_begin = safetensors_header_end(bytes, file_size, where);
  require(bytes.size() >= header.data_begin, ErrorCode::kInvalidArgument, where, ": expected ", header.data_begin,
          " header bytes, actual ", bytes.size());
  const std::string_view json = bytes.substr(8, static_cast<std::size_t>(header.data_begin - 8));
  const std::size_t first = json.find_first_not_of(" \t\r\n");
  require(first != json.npos && json[first] == '{', ErrorCode::kFormat, where,
          ": header: expected a JSON object, actual ",
          first == json.npos ? "nothing" : in_quotes(json.substr(first, 1)));
  detail::SafetensorsEvents events(header, where);
  read_json_events(json, where + ": header", events);

  auto& tensors = header.tensors;
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const auto twin =
      std::adjacent_find(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.name == b.name; });
  if (twin != tensors.end())
    fail(ErrorCode::kFormat, where, ": ", in_quotes(twin->name), ": expected once, actual twice");

  std::vector<const TensorInfo*> by_offset;
  for (const TensorInfo& tensor : tensors) by_offset.push_back(&tensor);
  std::sort(by_offset.begin(), by_offset.end(), [](const TensorInfo* a, const TensorInfo* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  const std::uint64_t data_size = file_size - header.data_begin;
  std::uint64_t position = 0;
  for (const TensorInfo* tensor : by_offset) {
    if (tensor->begin != position || tensor->end < position || tensor->end > data_size) {
      fail(ErrorCode::kFormat, where, ": ", in_quotes(tensor->name), ": expected data_offsets from ", position,
           " (where the tensor before it ends) to at most ", data_size, ", actual [", tensor->begin, ", ", tensor->end,
           "]");
    }
    const std::uint64_t expected = detail::stored_bytes(*tensor, where);
    if (tensor->end - tensor->begin != expected) {
      fail(ErrorCode::kFormat, where, ": ", in_quotes(tensor->name), ": expected ", expected, " bytes for shape ",
           shape_text(tensor->shape), " of ", tensor->dtype_name, ", actual ", tensor->end - tensor->begin);
    }
    position = tensor->end;
  }
  require(position == data_size, ErrorCode::kFormat, where, ": expected ", position, " bytes of tensor data, actual ",
          data_size);
  return header;
}

SHARPEYE_NAMESPACE_END
