#pragma once

/// @file
/// vocab.json as a list, without a JSON tree: half the time of starting with a real vocabulary would go into that.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/io/json.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A vocabulary may have this many tokens (ids need 21 bits).
inline constexpr std::size_t kVocabularyLimit = std::size_t{1} << 21;

/// Receives the parts of a vocab.json as nlohmann/json reads them, and refuses all but one flat object of whole
/// numbers.
class VocabJsonReader : public Json::json_sax_t {
 public:
  /// @param where names the file in errors.
  explicit VocabJsonReader(std::string where) : where_(std::move(where)) {}

  /// Spellings and ids in the order of the file; neither need be unique.
  std::vector<std::pair<std::string, std::uint64_t>> entries;

  bool start_object(std::size_t) override {
    if (std::exchange(opened_, true)) refuse("an object");
    return true;
  }
  bool key(string_t& spelling) override {
    require(entries.size() < kVocabularyLimit, ErrorCode::kLimit, where_, ": expected at most ", kVocabularyLimit,
            " tokens");
    entries.emplace_back(std::move(spelling), 0);
    return true;
  }
  bool number_unsigned(std::uint64_t id) override {
    if (!opened_) refuse("a number");
    entries.back().second = id;
    return true;
  }
  bool end_object() override { return true; }
  bool null() override { refuse("null"); }
  bool boolean(bool) override { refuse("true or false"); }
  bool number_integer(std::int64_t) override { refuse("a negative number"); }
  bool number_float(double, const string_t& text) override { refuse(in_quotes(text)); }
  bool string(string_t& text) override { refuse(in_quotes(text)); }
  bool binary(binary_t&) override { refuse("binary data"); }
  bool start_array(std::size_t) override { refuse("an array"); }
  bool end_array() override { return true; }
  bool parse_error(std::size_t, const std::string&, const Json::exception& error) override {
    fail(ErrorCode::kFormat, where_, ": expected JSON, actual ", json_error_text(error));
  }

 private:
  [[noreturn]] void refuse(const std::string& actual) const {
    if (entries.empty()) fail(ErrorCode::kFormat, where_, ": expected an object of tokens and ids, actual ", actual);
    fail(ErrorCode::kFormat, where_, ": token ", in_quotes(entries.back().first), ": expected an id, actual ", actual);
  }

  std::string where_;
  bool opened_ = false;
};

/// The entries of a vocab.json in the order of the file.
/// @throws Error kFormat unless it is one flat object of non-negative integers; kLimit beyond kVocabularyLimit.
inline std::vector<std::pair<std::string, std::uint64_t>> parse_vocab_json(std::string_view json,
                                                                           const std::string& where) {
  // nlohmann takes a NUL byte for the end of the text, and would not look at what follows.
  require(json.find('\0') == json.npos, ErrorCode::kFormat, where, ": expected JSON, actual text has a NUL byte");
  VocabJsonReader reader(where);
  Json::sax_parse(json, &reader);
  return std::move(reader.entries);
}

SHARPEYE_NAMESPACE_END
