#pragma once

/// @file
/// The one exception type of the library.

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// What kind of thing went wrong; the text of the Error says where, what was expected and what was found.
enum class ErrorCode {
  kInvalidArgument,  ///< a caller's argument (an option, a size, a token id) is out of its range
  kFileNotFound,     ///< a file or folder does not exist
  kFileAccess,       ///< a file exists but cannot be read, written, mapped or renamed
  kFormat,           ///< a file's bytes break the rules of its format
  kConfig,           ///< a value of a JSON configuration is missing, of the wrong type or out of range
  kShape,            ///< a tensor's shape or dtype is not the expected one
  kMissingTensor,    ///< a tensor that the model needs is not in the file
  kUnreadTensor,     ///< a tensor of the file that the model did not read
  kNotFinite,        ///< a weight is NaN or infinite
  kLimit,            ///< a size exceeds a documented limit
  kUnsupported,      ///< valid, but a kind that this build or version does not handle
  kCancelled,        ///< the caller asked to stop
};

/// The code's name as text, for logs and tests, for example "format".
const char* to_string(ErrorCode code) noexcept;

/// Every failure that sharpeye reports. `what()` reads "where: expected ..., actual ...".
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& text) : std::runtime_error(text), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

namespace detail {

/// A piece of a text that is put together: of one type, so that a message costs a call instead of code of its own.
class TextPart {
 public:
  template <class Value>
  TextPart(const Value& value) noexcept {  // NOLINT(google-explicit-constructor): made from what is to be told
    if constexpr (std::is_same_v<Value, char>) {
      kind_ = Kind::kCharacter;
      character_ = value;
    } else if constexpr (std::is_floating_point_v<Value>) {
      kind_ = Kind::kNumber;
      number_ = static_cast<double>(value);
    } else if constexpr (std::is_signed_v<Value>) {
      kind_ = Kind::kSigned;
      signed_ = value;
    } else if constexpr (std::is_arithmetic_v<Value>) {
      kind_ = Kind::kUnsigned;
      unsigned_ = value;
    } else {
      kind_ = Kind::kText;
      text_ = value;
    }
  }

  /// Numbers are written as in C's own locale, whatever the program's is.
  void append_to(std::string& text) const;

 private:
  enum class Kind : char { kText, kCharacter, kSigned, kUnsigned, kNumber };

  Kind kind_;
  union {  // NOLINTBEGIN(readability-identifier-naming): private members

    std::string_view text_;
    char character_;
    long long signed_;
    unsigned long long unsigned_;
    double number_;
  };  // NOLINTEND(readability-identifier-naming)
};

std::string join(const TextPart* parts, std::size_t count);
[[noreturn]] void throw_error(ErrorCode code, const TextPart* parts, std::size_t count);

}  // namespace detail

/// Concatenates its arguments as text: strings, characters, and numbers in the classic locale (a floating-point one
/// with up to six digits, as printf's %g).
template <class... Parts>
std::string concat(const Parts&... parts) {
  const detail::TextPart all[] = {parts...};
  return detail::join(all, sizeof...(parts));
}

/// Throws an Error whose text is the concatenation of `parts`.
template <class... Parts>
[[noreturn]] void fail(ErrorCode code, const Parts&... parts) {
  const detail::TextPart all[] = {parts...};
  detail::throw_error(code, all, sizeof...(parts));
}

/// Throws the Error unless `condition` holds. The parts are evaluated in any case and formatted on failure only: where
/// one is costly to make, write `if (...) fail(...)`.
template <class... Parts>
void require(bool condition, ErrorCode code, const Parts&... parts) {
  if (!condition) fail(code, parts...);
}

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/core/error.inl"
#endif
