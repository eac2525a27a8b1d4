#pragma once

/// @file
/// The one exception type of the library.

#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

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
inline const char* to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument: return "invalid argument";
    case ErrorCode::kFileNotFound: return "file not found";
    case ErrorCode::kFileAccess: return "file access";
    case ErrorCode::kFormat: return "format";
    case ErrorCode::kConfig: return "config";
    case ErrorCode::kShape: return "shape";
    case ErrorCode::kMissingTensor: return "missing tensor";
    case ErrorCode::kUnreadTensor: return "unread tensor";
    case ErrorCode::kNotFinite: return "not finite";
    case ErrorCode::kLimit: return "limit";
    case ErrorCode::kUnsupported: return "unsupported";
    case ErrorCode::kCancelled: return "cancelled";
  }
  return "unknown";
}

/// Every failure that sharpeye reports. `what()` reads "where: expected ..., actual ...".
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& text) : std::runtime_error(text), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

/// Concatenates its arguments as text (anything with an `operator<<`).
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

/// Throws an Error whose text is the concatenation of `parts`.
template <class... Parts>
[[noreturn]] void fail(ErrorCode code, const Parts&... parts) {
  throw Error(code, concat(parts...));
}

/// Throws the Error unless `condition` holds. The parts are evaluated in any case and formatted on failure only: where
/// one is costly to make, write `if (...) fail(...)`.
template <class... Parts>
void require(bool condition, ErrorCode code, const Parts&... parts) {
  if (!condition) fail(code, parts...);
}

SHARPEYE_NAMESPACE_END
