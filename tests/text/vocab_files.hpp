#pragma once

/// @file
/// Contents of small vocab.json and merges.txt files.

#include <string>
#include <vector>

#include "sharpeye/io/json.hpp"
#include "sharpeye/text/byte_alphabet.hpp"

namespace test {

/// <s> <pad> </s> <unk>, the 256 bytes in order (byte b has id 4 + b), and `more`.
inline std::vector<std::string> small_vocabulary(const std::vector<std::string>& more = {}) {
  std::vector<std::string> tokens = {"<s>", "<pad>", "</s>", "<unk>"};
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(sharpeye::spell(std::string(1, static_cast<char>(byte))));
  tokens.insert(tokens.end(), more.begin(), more.end());
  return tokens;
}

/// vocab.json of these tokens, numbered from 0.
inline std::string vocab_json(const std::vector<std::string>& tokens) {
  sharpeye::Json json = sharpeye::Json::object();
  for (std::size_t id = 0; id < tokens.size(); ++id) json[tokens[id]] = id;
  return json.dump();
}

}  // namespace test
