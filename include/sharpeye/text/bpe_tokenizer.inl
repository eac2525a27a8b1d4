#pragma once

/// @file
/// Bodies of bpe_tokenizer.hpp.

#include "sharpeye/text/bpe_tokenizer.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "sharpeye/core/file.hpp"
#include "sharpeye/core/words.hpp"
#include "sharpeye/text/bpe_merger.hpp"
#include "sharpeye/text/byte_alphabet.hpp"
#include "sharpeye/text/pre_tokenizer.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY BpeTokenizer BpeTokenizer::load(const std::string& folder, const SpecialTokens& special) {
  const std::string vocab_name = folder + "/vocab.json";
  const std::string merges_name = folder + "/merges.txt";
  const std::string vocab_json = read_file(vocab_name, kTokenizerFileLimit);
  const std::string merges_text = read_file(merges_name, kTokenizerFileLimit);
  return BpeTokenizer(vocab_json, merges_text, special, vocab_name, merges_name);
}

SHARPEYE_BODY BpeTokenizer::BpeTokenizer(std::string_view vocab_json, std::string_view merges_text,
                                         const SpecialTokens& special, const std::string& vocab_name,
                                         const std::string& merges_name)
    : vocabulary_(vocab_json, vocab_name), merges_(merges_text, vocabulary_, merges_name) {
  const auto required = [&](const std::string& spelling) {
    const auto id = BpeTokenizer::token_to_id(spelling);
    require(id.has_value(), ErrorCode::kFormat, vocab_name, ": expected the special token ", in_quotes(spelling));
    special_ids_.push_back(*id);
    return *id;
  };
  bos_id_ = required(special.bos);
  eos_id_ = required(special.eos);
  pad_id_ = required(special.pad);
  for (const std::string& spelling : special.additional) {
    if (const auto id = BpeTokenizer::token_to_id(spelling)) special_ids_.push_back(*id);
  }
  // The longest first, so that it wins where one is the beginning of another.
  std::sort(special_ids_.begin(), special_ids_.end(), [&](std::int32_t a, std::int32_t b) {
    return std::make_pair(vocabulary_.bytes(b).size(), a) < std::make_pair(vocabulary_.bytes(a).size(), b);
  });
  special_ids_.erase(std::unique(special_ids_.begin(), special_ids_.end()), special_ids_.end());
  for (std::size_t rank = 0; rank < merges_.size(); ++rank) {
    const std::int32_t id = merges_.merged(static_cast<std::int32_t>(rank));
    if (BpeTokenizer::is_special(id)) {
      fail(ErrorCode::kFormat, merges_name, ": merge ", rank, " makes the special token ",
           in_quotes(BpeTokenizer::id_to_token(id)));
    }
  }
}

SHARPEYE_BODY std::string_view BpeTokenizer::token_bytes(std::int32_t id) const {
  require(id >= 0 && static_cast<std::size_t>(id) < vocabulary_.size(), ErrorCode::kInvalidArgument,
          "token id: expected 0 to ", vocabulary_.size() - 1, ", actual ", id);
  return vocabulary_.bytes(id);
}

SHARPEYE_BODY std::optional<std::int32_t> BpeTokenizer::token_to_id(std::string_view spelling) const {
  const auto bytes = unspell(spelling);
  return bytes ? vocabulary_.find(*bytes) : std::nullopt;
}

SHARPEYE_BODY std::string BpeTokenizer::id_to_token(std::int32_t id) const {
  return spell(BpeTokenizer::token_bytes(id));
}

SHARPEYE_BODY bool BpeTokenizer::is_special(std::int32_t id) const noexcept {
  return std::find(special_ids_.begin(), special_ids_.end(), id) != special_ids_.end();
}

SHARPEYE_BODY void BpeTokenizer::append_ids(std::string_view text, const EncodeOptions& options,
                                            std::vector<std::int32_t>& ids) const {
  BpeMerger merger(merges_);
  std::size_t begin = 0;
  for (std::size_t i = 0; options.parse_special && i < text.size(); ++i) {
    const auto special = special_at(text.substr(i));
    if (!special) continue;
    append_ordinary(text.substr(begin, i - begin), merger, ids);
    ids.push_back(*special);
    begin = i + vocabulary_.bytes(*special).size();
    i = begin - 1;
  }
  append_ordinary(text.substr(begin), merger, ids);
}

SHARPEYE_BODY std::optional<std::int32_t> BpeTokenizer::special_at(std::string_view text) const noexcept {
  for (const std::int32_t id : special_ids_) {
    const std::string_view token = vocabulary_.bytes(id);
    if (text.substr(0, token.size()) == token) return id;
  }
  return std::nullopt;
}

SHARPEYE_BODY void BpeTokenizer::append_ordinary(std::string_view text, BpeMerger& merger,
                                                 std::vector<std::int32_t>& ids) const {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = gpt2_piece_end(text, begin);
    for (const char byte : text.substr(begin, end - begin)) {
      ids.push_back(vocabulary_.byte_token(static_cast<unsigned char>(byte)));
    }
    merger.merge_back(ids, end - begin);
    begin = end;
  }
}

SHARPEYE_NAMESPACE_END
