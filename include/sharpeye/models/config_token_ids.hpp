#pragma once

/// @file
/// The special tokens of text configurations. For .inl files.

#include <utility>

#include "sharpeye/io/json_reader.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace detail {

/// `bos_token_id`, `eos_token_id` (the first, where it is a list) and `pad_token_id`, each below `vocab_size`.
template <class Config>
void read_token_ids(const JsonReader& json, Config& config) {
  const Index last = config.vocab_size - 1;
  config.bos_token_id = json.integer("bos_token_id", 0, last, config.bos_token_id);
  config.eos_token_id = json.is_list("eos_token_id") ? json.integers("eos_token_id", 0, last).front()
                                                     : json.integer("eos_token_id", 0, last, config.eos_token_id);
  config.pad_token_id = json.integer("pad_token_id", -1, last, config.pad_token_id);
  // The default ones are those of the family's own vocabulary.
  for (Index* id : {&config.bos_token_id, &config.eos_token_id}) {
    if (*id > last) *id = -1;
  }
}

/// The tokens that there are; and that there is none for padding, where the family's default is one.
template <class Config>
void write_token_ids(const Config& config, Json& json) {
  for (const auto& [key, id] : {std::pair("bos_token_id", config.bos_token_id),
                                {"eos_token_id", config.eos_token_id},
                                {"pad_token_id", config.pad_token_id}}) {
    if (id >= 0) json[key] = id;
  }
  if (config.pad_token_id < 0 && Config().pad_token_id >= 0) json["pad_token_id"] = -1;
}

}  // namespace detail
SHARPEYE_NAMESPACE_END
