#pragma once

/// @file
/// What transformers keeps in tokenizer_config.json. For .inl files.

#include <cstdint>
#include <string>

#include "sharpeye/core/folder.hpp"
#include "sharpeye/io/json_reader.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace detail {

/// A tokenizer_config.json may have this many bytes.
inline constexpr std::uint64_t kTokenizerConfigLimit = std::uint64_t{4} << 20;

/// The content of a special token, which is a text or an object with it. @return "" where it is not said
inline std::string special_token(const JsonReader& json, const std::string& key) {
  return json.is_object(key) ? json.object(key).text("content", "") : json.text(key, "");
}

/// JsonTokenizer::Config from a file that may be missing.
template <class Config>
Config read_tokenizer_config(const std::string& path) {
  Config config;
  if (!file_exists(path)) return config;
  const JsonReader json(read_json_file(path, kTokenizerConfigLimit), path);
  if (json.has("add_bos_token")) config.add_bos_token = json.boolean("add_bos_token");
  config.bos_token = special_token(json, "bos_token");
  config.eos_token = special_token(json, "eos_token");
  config.pad_token = special_token(json, "pad_token");
  return config;
}

}  // namespace detail
SHARPEYE_NAMESPACE_END
