#pragma once

/// @file
/// What comes in and goes out of `sharpeye serve`, without sockets: requests, replies, and what is wrong with a
/// request.

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tool {

/// One HTTP request, wholly received.
struct ServeRequest {
  std::string method, path;  ///< the path without its query
  std::string content_type, authorization, host, origin;
  std::string body;
};

/// Takes the next part of a reply. @return false when the client has gone
using Writer = std::function<bool(std::string_view)>;

/// The answer to a request.
struct ServeReply {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  /// Writes the reply part by part instead of `body`, where it is not empty. Does not throw.
  std::function<void(const Writer&)> stream;
};

/// A request that is not carried out, and why. Each API has a form of its own to say so.
class HttpError : public std::runtime_error {
 public:
  /// @param code a word for programs, as OpenAI's: "model_not_found"; may be empty
  HttpError(int status, const std::string& text, std::string code = "")
      : std::runtime_error(text), status_(status), code_(std::move(code)) {}
  int status() const noexcept { return status_; }
  const std::string& code() const noexcept { return code_; }

 private:
  int status_;
  std::string code_;
};

/// What a head says about the body that follows it.
struct BodyFraming {
  std::size_t lengths = 0;  ///< how often Content-Length is there
  std::string length, transfer_encoding, content_encoding;

  bool has_body() const { return !transfer_encoding.empty() || (lengths > 0 && length != "0"); }
};

/// @throws HttpError where a body's end is not said, or said twice, or where it is too long or compressed
void check_framing(const std::string& method, const BodyFraming& framing, std::uint64_t max_bytes);

/// The current exception (of parsing, decoding or captioning) as an HttpError.
HttpError to_http_error();

}  // namespace tool
