#pragma once

/// @file
/// Bodies of word_piece.hpp.

#include "sharpeye/text/word_piece.hpp"

#include <algorithm>
#include <string_view>

#include "sharpeye/core/utf8.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY WordPiece::WordPiece(const SubwordModelData& data, const std::string& where)
    : vocabulary_(data.vocab, where + ".vocab"),
      prefix_(data.continuing_subword_prefix),
      max_characters_(static_cast<std::size_t>(data.max_input_chars_per_word)),
      unk_(data.unk.value_or(-1)) {
  require(unk_ >= 0, ErrorCode::kFormat, where, ".unk_token: expected a token");
}

SHARPEYE_BODY void WordPiece::append_ids(const Pieces& pieces, std::vector<std::int32_t>& ids) const {
  for (const Pieces::Range& range : pieces.ranges) {
    const std::string_view word = std::string_view(pieces.text).substr(range.begin, range.end - range.begin);
    const std::size_t count = ids.size();
    if (!append_word(word, ids)) {
      ids.resize(count);
      ids.push_back(unk_);
    }
  }
}

SHARPEYE_BODY bool WordPiece::append_word(std::string_view word, std::vector<std::int32_t>& ids) const {
  std::vector<std::size_t> ends;  // of the characters
  for (std::size_t i = 0; i < word.size(); ends.push_back(i)) {
    if (ends.size() == max_characters_) return false;
    i += decode_utf8(word.substr(i)).length;
  }
  std::string candidate;
  for (std::size_t begin = 0, next = 0; next < ends.size();) {  // the character `next` begins at byte `begin`
    candidate.assign(begin == 0 ? "" : prefix_);
    const std::size_t front = candidate.size();
    // No token is longer than the longest of the vocabulary.
    candidate += word.substr(begin, vocabulary_.longest());
    const std::size_t reach = begin + (candidate.size() - front);
    std::size_t end = static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), reach) - ends.begin());
    for (; end > next; --end) {
      candidate.resize(front + ends[end - 1] - begin);
      if (const auto id = vocabulary_.find(candidate)) {
        ids.push_back(*id);
        break;
      }
    }
    if (end == next) return false;
    begin = ends[end - 1];
    next = end;
  }
  return true;
}

SHARPEYE_NAMESPACE_END
