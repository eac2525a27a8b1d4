#pragma once

/// @file
/// Bodies of merge_table.hpp.

#include "sharpeye/text/merge_table.hpp"

#include <algorithm>
#include <tuple>

#include "sharpeye/core/words.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/text/byte_alphabet.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY MergeTable::MergeTable(std::string_view text, const Vocabulary& vocabulary, const std::string& where) {
  text = without_bom(text);
  std::size_t line_number = 0;
  std::size_t first_merge_line = 1;
  while (!text.empty()) {
    ++line_number;
    const std::size_t length = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);  // never part of a token: its spelling is U+010D
    if (line_number == 1 && line.substr(0, 8) == "#version") {
      first_merge_line = 2;
      continue;
    }
    add(line, vocabulary, where, line_number);
  }
  const auto [first, second] = index(vocabulary.size());
  if (first != second) {
    const auto spelling = [&](std::int32_t rank, bool left) {
      for (const Pair& pair : pairs_) {
        if (pair.rank == rank) return spell(vocabulary.bytes(left ? pair.left : pair.right));
      }
      return std::string();
    };
    fail(ErrorCode::kFormat, where, ":", first_merge_line + static_cast<std::size_t>(second), ": the merge ",
         in_quotes(spelling(second, true) + " " + spelling(second, false)), " is already on line ",
         first_merge_line + static_cast<std::size_t>(first));
  }
}

SHARPEYE_BODY MergeTable::MergeTable(const std::vector<std::pair<std::string, std::string>>& merges,
                                     const SpellingTable& vocabulary, const std::string& where) {
  const auto token = [&](const std::string& spelling) {
    const auto id = vocabulary.find(spelling);
    if (!id) {
      fail(ErrorCode::kFormat, where, "[", pairs_.size(), "]: expected a token of the vocabulary, actual ",
           in_quotes(spelling));
    }
    return *id;
  };
  pairs_.reserve(merges.size());
  merged_.reserve(merges.size());
  for (const auto& [left, right] : merges) {
    const std::int32_t left_id = token(left), right_id = token(right);
    merged_.push_back(token(left + right));
    pairs_.push_back({left_id, right_id, static_cast<std::int32_t>(pairs_.size())});
  }
  const auto [first, second] = index(vocabulary.id_count());
  if (first != second) {
    const auto& [left, right] = merges[static_cast<std::size_t>(second)];
    fail(ErrorCode::kFormat, where, "[", second, "]: the merge ", in_quotes(left + " " + right), " is already number ",
         first);
  }
}

SHARPEYE_BODY std::int32_t MergeTable::rank(std::int32_t left, std::int32_t right) const noexcept {
  const auto begin = pairs_.begin() + starts_[static_cast<std::size_t>(left)];
  const auto end = pairs_.begin() + starts_[static_cast<std::size_t>(left) + 1];
  const auto found = std::lower_bound(begin, end, right, [](const Pair& a, std::int32_t b) { return a.right < b; });
  return found != end && found->right == right ? found->rank : kNoMerge;
}

SHARPEYE_BODY void MergeTable::add(std::string_view line, const Vocabulary& vocabulary, const std::string& where,
                                   std::size_t line_number) {
  const std::size_t space = line.find(' ');
  if (space == line.npos || line.find(' ', space + 1) != line.npos) {
    fail(ErrorCode::kFormat, where, ":", line_number, ": expected two tokens separated by one space, actual ",
         in_quotes(line));
  }
  const auto token = [&](std::string_view spelling) {
    const auto bytes = unspell(spelling);
    const auto id = bytes ? vocabulary.find(*bytes) : std::nullopt;
    if (!id) {
      fail(ErrorCode::kFormat, where, ":", line_number, ": expected a token of the vocabulary, actual ",
           in_quotes(spelling));
    }
    return *id;
  };
  const std::int32_t left = token(line.substr(0, space));
  const std::int32_t right = token(line.substr(space + 1));
  merged_.push_back(token(std::string(line.substr(0, space)).append(line.substr(space + 1))));
  pairs_.push_back({left, right, static_cast<std::int32_t>(pairs_.size())});
}

SHARPEYE_BODY std::pair<std::int32_t, std::int32_t> MergeTable::index(std::size_t vocabulary_size) {
  std::sort(pairs_.begin(), pairs_.end(), [](const Pair& a, const Pair& b) {
    return std::tie(a.left, a.right, a.rank) < std::tie(b.left, b.right, b.rank);
  });
  const auto twice = std::adjacent_find(pairs_.begin(), pairs_.end(), [](const Pair& a, const Pair& b) {
    return a.left == b.left && a.right == b.right;
  });
  if (twice != pairs_.end()) return {twice->rank, (twice + 1)->rank};
  starts_.assign(vocabulary_size + 1, 0);
  for (const Pair& pair : pairs_) ++starts_[static_cast<std::size_t>(pair.left) + 1];
  for (std::size_t id = 0; id < vocabulary_size; ++id) starts_[id + 1] += starts_[id];
  return {0, 0};
}

SHARPEYE_NAMESPACE_END
