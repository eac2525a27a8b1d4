#pragma once

/// @file
/// Bodies of vocab_json.hpp.

#include "sharpeye/text/vocab_json.hpp"

#include "sharpeye/core/words.hpp"
#include "sharpeye/io/json.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Receives the parts of a vocab.json in order, and refuses all but one flat object of whole numbers.
class VocabJsonReader : public JsonEvents {
 public:
  /// @param where names the file in errors.
  explicit VocabJsonReader(std::string where) : where_(std::move(where)) {}

  /// Spellings and ids in the order of the file; neither need be unique.
  std::vector<std::pair<std::string, std::uint64_t>> entries;

  void start_object() override {
    if (std::exchange(opened_, true)) refuse("an object");
  }
  void key(std::string& spelling) override {
    require(entries.size() < kVocabularyLimit, ErrorCode::kLimit, where_, ": expected at most ", kVocabularyLimit,
            " tokens");
    entries.emplace_back(std::move(spelling), 0);
  }
  void integer(std::uint64_t id) override {
    if (!opened_) refuse("a number");
    entries.back().second = id;
  }
  void end_object() override {}
  void null() override { refuse("null"); }
  void boolean(bool) override { refuse("true or false"); }
  void negative_integer(std::int64_t) override { refuse("a negative number"); }
  void number(double, const std::string& text) override { refuse(in_quotes(text)); }
  void text(std::string& text) override { refuse(in_quotes(text)); }
  void start_list() override { refuse("an array"); }
  void end_list() override {}

 private:
  [[noreturn]] void refuse(const std::string& actual) const {
    if (entries.empty()) fail(ErrorCode::kFormat, where_, ": expected an object of tokens and ids, actual ", actual);
    fail(ErrorCode::kFormat, where_, ": token ", in_quotes(entries.back().first), ": expected an id, actual ", actual);
  }

  std::string where_;
  bool opened_ = false;
};

}  // namespace detail

SHARPEYE_BODY std::vector<std::pair<std::string, std::uint64_t>> parse_vocab_json(std::string_view json,
                                                                                  const std::string& where) {
  detail::VocabJsonReader reader(where);
  read_json_events(json, where, reader);
  return std::move(reader.entries);
}

SHARPEYE_NAMESPACE_END
