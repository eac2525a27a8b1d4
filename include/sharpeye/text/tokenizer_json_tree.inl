#pragma once

/// @file
/// Bodies of tokenizer_json_tree.hpp.

#include "sharpeye/text/tokenizer_json_tree.hpp"

#include <algorithm>

#include "sharpeye/core/words.hpp"
#include "sharpeye/text/vocab_json.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// A tokenizer.json may have this many values outside of vocab and merges.
inline constexpr std::size_t kTokenizerJsonValues = std::size_t{1} << 20;

class TokenizerJsonEvents : public JsonEvents {
 public:
  explicit TokenizerJsonEvents(std::string where) : where_(std::move(where)) {}
  TokenizerJsonTree result;

  void null() override { scalar(nullptr, "null"); }
  void boolean(bool value) override { scalar(value, "true or false"); }
  void negative_integer(std::int64_t value) override { scalar(value, "a negative number"); }
  void number(double value, const std::string& digits) override { scalar(value, digits); }
  void integer(std::uint64_t value) override {
    if (list_ == LongList::kVocab) {
      result.vocab.back().second = value;
    } else {
      scalar(value, "a number");
    }
  }
  void text(std::string& value) override {
    if (list_ != LongList::kMerges) {
      scalar(std::move(value), "a text");
    } else if (parts_ < 0) {
      const std::size_t space = value.find(' ');
      if (space == value.npos || value.find(' ', space + 1) != value.npos) refuse_merge(in_quotes(value));
      add_merge();
      result.merges.back() = {value.substr(0, space), value.substr(space + 1)};
    } else {
      if (parts_ == 2) refuse_merge("more");
      (parts_++ == 0 ? result.merges.back().first : result.merges.back().second) = std::move(value);
    }
  }
  void start_object() override {
    if (list_ != LongList::kNone) refuse("an object");
    if (at_model("vocab")) {
      list_ = LongList::kVocab;
    } else {
      open(false);
    }
  }
  void key(std::string& name) override {
    if (list_ == LongList::kVocab) {
      require(result.vocab.size() < kVocabularyLimit, ErrorCode::kLimit, where_, ": model.vocab: expected at most ",
              kVocabularyLimit, " tokens");
      result.vocab.emplace_back(std::move(name), 0);
    } else {
      count();
      frames_.back().members.push_back({std::move(name), {}});
    }
  }
  void end_object() override {
    if (list_ == LongList::kVocab) {
      list_ = LongList::kNone;
    } else {
      close();
    }
  }
  void start_list() override {
    if (list_ == LongList::kMerges && parts_ < 0) {
      add_merge();
      parts_ = 0;
    } else if (list_ != LongList::kNone) {
      refuse("an array");
    } else if (at_model("merges")) {
      list_ = LongList::kMerges;
      result.has_merges = true;
    } else {
      open(true);
    }
  }
  void end_list() override {
    if (list_ == LongList::kNone) {
      close();
    } else if (parts_ < 0) {
      list_ = LongList::kNone;
    } else {
      if (parts_ < 2) refuse_merge("fewer");
      parts_ = -1;
    }
  }

 private:
  enum class LongList { kNone, kVocab, kMerges };
  struct Frame {
    bool is_list;
    Json::List elements;
    Json::Object members;
  };

  /// Whether the value that begins is that of this key of the file's "model".
  bool at_model(std::string_view key) const {
    return frames_.size() == 2 && !frames_[0].is_list && !frames_[1].is_list &&
           frames_[0].members.back().key == "model" && frames_[1].members.back().key == key;
  }
  void add_merge() {
    require(result.merges.size() < kVocabularyLimit, ErrorCode::kLimit, where_, ": model.merges: expected at most ",
            kVocabularyLimit, " merges");
    result.merges.emplace_back();
  }
  void count() {
    require(++count_ <= kTokenizerJsonValues, ErrorCode::kLimit, where_, ": expected at most ", kTokenizerJsonValues,
            " values besides model.vocab and model.merges");
  }
  void scalar(Json value, std::string_view actual) {
    if (list_ != LongList::kNone) refuse(actual);
    count();
    put(std::move(value));
  }
  void put(Json value) {
    if (frames_.empty()) {
      result.tree = std::move(value);
    } else if (frames_.back().is_list) {
      frames_.back().elements.push_back(std::move(value));
    } else {
      frames_.back().members.back().value = std::move(value);
    }
  }
  void open(bool is_list) {
    count();
    require(frames_.size() < kJsonDepthLimit, ErrorCode::kLimit, where_, ": expected JSON of at most ", kJsonDepthLimit,
            " levels, actual nesting is deeper");
    frames_.push_back({is_list, {}, {}});
  }
  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (frame.is_list) {
      put(Json(std::move(frame.elements)));
      return;
    }
    std::vector<std::string_view> keys;
    for (const Json::Member& member : frame.members) keys.push_back(member.key);
    std::sort(keys.begin(), keys.end());
    const auto twin = std::adjacent_find(keys.begin(), keys.end());
    if (twin != keys.end()) {
      fail(ErrorCode::kFormat, where_, ": key ", in_quotes(*twin), ": expected once in its object, actual twice");
    }
    put(Json(std::move(frame.members)));
  }
  [[noreturn]] void refuse(std::string_view actual) const {
    if (list_ == LongList::kMerges) refuse_merge(actual);
    fail(ErrorCode::kFormat, where_,
         ": model.vocab: ", result.vocab.empty() ? "" : "token " + in_quotes(result.vocab.back().first) + ": ",
         "expected an id, actual ", actual);
  }
  [[noreturn]] void refuse_merge(std::string_view actual) const {
    const std::size_t number = result.merges.size() - (parts_ < 0 ? 0 : 1);
    fail(ErrorCode::kFormat, where_, ": model.merges[", number, "]: expected two tokens, actual ", actual);
  }

  std::string where_;
  std::vector<Frame> frames_;
  LongList list_ = LongList::kNone;
  int parts_ = -1;  // of the merge whose list is open
  std::size_t count_ = 0;
};

}  // namespace detail

SHARPEYE_BODY TokenizerJsonTree read_tokenizer_json_tree(std::string_view json, const std::string& where) {
  detail::TokenizerJsonEvents events(where);
  read_json_events(json, where, events);
  return std::move(events.result);
}

SHARPEYE_NAMESPACE_END
