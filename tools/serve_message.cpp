#include "tools/serve_message.hpp"

#include <new>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/words.hpp"

namespace tool {

using namespace sharpeye;

void check_framing(const std::string& method, const BodyFraming& framing, std::uint64_t max_bytes) {
  const bool has_encoding = !framing.content_encoding.empty() && framing.content_encoding != "identity";
  if (has_encoding)
    throw HttpError(415, "Content-Encoding: expected none, actual " + in_quotes(framing.content_encoding),
                    "unsupported_media_type");
  const bool is_chunked = !framing.transfer_encoding.empty();
  if (framing.lengths > 1 || (framing.lengths == 1 && is_chunked))
    throw HttpError(400, "Content-Length: expected once, and without Transfer-Encoding");
  if (is_chunked && framing.transfer_encoding != "chunked")
    throw HttpError(501, "Transfer-Encoding: expected chunked, actual " + in_quotes(framing.transfer_encoding));
  if (method == "POST" && framing.lengths == 0 && !is_chunked)
    throw HttpError(411, "Content-Length: expected the size of the request's body");
  if (framing.lengths == 0) return;
  if (framing.length.empty() || framing.length.find_first_not_of("0123456789") != std::string::npos)
    throw HttpError(400, "Content-Length: expected a number, actual " + in_quotes(framing.length));
  if (framing.length.size() > 18 || std::stoull(framing.length) > max_bytes)
    throw HttpError(413, concat("request: expected at most ", max_bytes, " bytes, actual ", framing.length),
                    "request_too_large");
}

HttpError to_http_error() {
  try {
    throw;
  } catch (const HttpError& error) {
    return error;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) return {503, error.what(), "cancelled"};
    return {400, error.what()};
  } catch (const std::bad_alloc&) {
    return {503, "out of memory", "out_of_memory"};
  } catch (const std::exception& error) {
    return {500, error.what(), "internal_error"};
  }
}

}  // namespace tool
