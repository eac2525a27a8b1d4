#pragma once

/// @file
/// What every function of c_api.h does at its edge: exceptions become a status and a text, and structs of any version
/// become this version's.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <exception>
#include <new>
#include <string_view>

#include "sharpeye/c_api.h"
#include "sharpeye/core/error.hpp"
#include "sharpeye/core/utf8.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace c_api {

// The sizes of ABI 1. A struct may grow at its end; its first size, which read_struct() insists on, stays.
static_assert(sizeof(sharpeye_error) == 1032 && sizeof(sharpeye_load_options) == 24 &&
                  sizeof(sharpeye_captioner_options) == 32 && sizeof(sharpeye_caption_options) == 80 &&
                  sizeof(sharpeye_image) == 56 && sizeof(sharpeye_timings) == 80 &&
                  sizeof(sharpeye_stream_options) == 72 && sizeof(sharpeye_stream_caption) == 40 &&
                  sizeof(sharpeye_stream_counts) == 56 && sizeof(sharpeye_attention) == 80,
              "c_api.h: a struct that grows needs its first size below, one that changes a new SHARPEYE_C_ABI");
template <class Struct>
inline constexpr std::size_t kFirstSize = sizeof(Struct);
template <>
inline constexpr std::size_t kFirstSize<sharpeye_load_options> = 16;  // without threads
template <>
inline constexpr std::size_t kFirstSize<sharpeye_caption_options> = 72;  // without `attention`

/// The number that c_api.h has for a code.
inline sharpeye_status status_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument: return SHARPEYE_INVALID_ARGUMENT;
    case ErrorCode::kFileNotFound: return SHARPEYE_FILE_NOT_FOUND;
    case ErrorCode::kFileAccess: return SHARPEYE_FILE_ACCESS;
    case ErrorCode::kFormat: return SHARPEYE_FORMAT;
    case ErrorCode::kConfig: return SHARPEYE_CONFIG;
    case ErrorCode::kShape: return SHARPEYE_SHAPE;
    case ErrorCode::kMissingTensor: return SHARPEYE_MISSING_TENSOR;
    case ErrorCode::kUnreadTensor: return SHARPEYE_UNREAD_TENSOR;
    case ErrorCode::kNotFinite: return SHARPEYE_NOT_FINITE;
    case ErrorCode::kLimit: return SHARPEYE_LIMIT;
    case ErrorCode::kUnsupported: return SHARPEYE_UNSUPPORTED;
    case ErrorCode::kCancelled: return SHARPEYE_CANCELLED;
  }
  return SHARPEYE_INTERNAL;
}

/// Fills in the caller's error, unless it is NULL. A long text ends with a whole character.
inline sharpeye_status report(sharpeye_error* error, sharpeye_status status, std::string_view text) noexcept {
  if (error == nullptr) return status;
  std::size_t length = std::min(text.size(), sizeof error->text - 1);
  // A character that was cut begins at most three bytes before the cut.
  while (length > 0 && length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
  error->status = status;
  std::memcpy(error->text, text.data(), length);
  error->text[length] = '\0';
  return status;
}

/// Runs `body` and says what became of it.
template <class Body>
sharpeye_status guarded(sharpeye_error* error, const Body& body) noexcept {
  // Without its size nothing may be written there, so there is no text to say so.
  if (error != nullptr && error->struct_size < kFirstSize<sharpeye_error>) return SHARPEYE_INVALID_ARGUMENT;
  try {
    body();
    return report(error, SHARPEYE_OK, "");
  } catch (const Error& problem) {
    return report(error, status_of(problem.code()), problem.what());
  } catch (const std::bad_alloc&) {
    return report(error, SHARPEYE_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& problem) {
    return report(error, SHARPEYE_INTERNAL, problem.what());
  } catch (...) {
    return report(error, SHARPEYE_INTERNAL, "an exception of unknown type");
  }
}

/// @throws Error kInvalidArgument if a pointer that the caller must give is NULL
inline void require_given(const void* pointer, const char* name) {
  require(pointer != nullptr, ErrorCode::kInvalidArgument, name, ": expected a pointer, actual NULL");
}

/// The caller's struct as this version has it: what it lacks is zero.
/// @throws Error kInvalidArgument for a size that no version had; kUnsupported for a member of a later version
template <class Struct>
Struct read_struct(const Struct* given, const char* name) {
  Struct result{};
  if (given != nullptr) {
    const std::size_t size = given->struct_size;
    require(size >= kFirstSize<Struct>, ErrorCode::kInvalidArgument, name, ": expected its sizeof, ",
            kFirstSize<Struct>, " or more, as struct_size, actual ", size);
    std::memcpy(&result, given, std::min(size, sizeof result));
    const auto* bytes = reinterpret_cast<const unsigned char*>(given);
    for (std::size_t i = sizeof result; i < size; ++i) {
      require(bytes[i] == 0, ErrorCode::kUnsupported, name, ": expected zero from byte ", sizeof result,
              " on, which this version of the library does not know, actual another value at byte ", i);
    }
  }
  result.struct_size = sizeof result;
  return result;
}

/// Writes as much as the caller's struct has room for; what this version does not know becomes zero.
/// @throws Error kInvalidArgument as read_struct()
template <class Struct>
void write_struct(const Struct& source, Struct* target, const char* name) {
  require_given(target, name);
  const std::size_t size = target->struct_size;
  require(size >= kFirstSize<Struct>, ErrorCode::kInvalidArgument, name, ": expected its sizeof, ", kFirstSize<Struct>,
          " or more, as struct_size, actual ", size);
  const std::size_t known = std::min(size, sizeof source);
  std::memcpy(target, &source, known);
  std::memset(reinterpret_cast<unsigned char*>(target) + known, 0, size - known);
  target->struct_size = size;
}

}  // namespace c_api
SHARPEYE_NAMESPACE_END
