#pragma once

/// @file
/// JSON with limits, and a typed reader for configuration files. The only include of nlohmann/json.

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/file.hpp"
#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A JSON value (nlohmann::json).
using Json = nlohmann::json;

/// Objects and arrays may be nested this deep.
inline constexpr int kJsonDepthLimit = 64;

/// Untrusted text for an error message: in quotes, at most 120 bytes, control characters replaced by '?'.
inline std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLimit = 120;
  std::string result = "\"" + std::string(text.substr(0, kLimit)) + (text.size() > kLimit ? "...\"" : "\"");
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return result;
}

/// What nlohmann/json says about malformed text, without its exception number and with a bounded length.
inline std::string json_error_text(const std::exception& error) {
  const std::string text = error.what();
  return in_quotes(text.substr(text.find("] ") + 2));
}

namespace detail {

/// Refuses what nlohmann/json would build without a word: deep nesting, and an object's second value of one key.
/// (A pass of its own over the text: nlohmann's parser with a callback looks through all earlier elements of a list
/// after each object, which is quadratic: 100 s for the captions of 64,000 images.)
class JsonChecker : public nlohmann::json_sax<Json> {
 public:
  explicit JsonChecker(const std::string& where) : where_(where) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    require(keys_.back().insert(name).second, ErrorCode::kFormat, where_, ": key ", in_quotes(name),
            ": expected once in its object, actual twice");
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const Json::exception& error) override {
    fail(ErrorCode::kFormat, where_, ": expected JSON, actual ", json_error_text(error));
  }

 private:
  bool open() {
    require(keys_.size() < kJsonDepthLimit, ErrorCode::kLimit, where_, ": expected JSON of at most ", kJsonDepthLimit,
            " levels, actual nesting is deeper");
    keys_.emplace_back();
    return true;
  }
  bool close() {
    keys_.pop_back();
    return true;
  }

  const std::string& where_;
  std::vector<std::set<std::string>> keys_;  // of the open objects (and, empty, of the open arrays)
};

}  // namespace detail

/// The value of a whole JSON text (UTF-8, one value, nothing but whitespace around it). The caller bounds its size.
/// @param where names the text in error messages, usually the file.
/// @throws Error kFormat when it is not JSON or an object has a key twice; kLimit beyond kJsonDepthLimit.
inline Json parse_json(std::string_view text, const std::string& where) {
  // nlohmann takes a NUL byte for the end of the text, and would not look at what follows.
  require(text.find('\0') == text.npos, ErrorCode::kFormat, where, ": expected JSON, actual text has a NUL byte");
  detail::JsonChecker checker(where);
  Json::sax_parse(text, &checker);
  return Json::parse(text);
}

/// The value of a JSON file of at most `limit_bytes`.
/// @throws Error as read_file() and parse_json().
inline Json read_json_file(const std::string& path, std::uint64_t limit_bytes) {
  return parse_json(read_file(path, limit_bytes), path);
}

/// Typed, range-checked access to a JSON object, usually a configuration file. Every failure is an Error kConfig that
/// names file, dotted key, expected and actual value:
/// `config.json: vision_config.hidden_size: expected integer in [1, 65536], actual -3`.
/// Where a fallback is given a missing key yields it; a key that is there must be valid (null is not).
/// Children share ownership of the whole value.
class JsonReader {
 public:
  /// @param file names the value in error messages. @throws Error kConfig unless `value` is an object.
  JsonReader(Json value, std::string file)
      : JsonReader(std::make_shared<const Json>(std::move(value)), std::move(file), "") {}

  /// Whether the object has this key, with any value.
  bool has(const std::string& key) const { return value_->contains(key); }

  /// Whether the key's value is a text, or a list: for keys that may be one thing or another.
  bool is_text(const std::string& key) const { return has(key) && value_->at(key).is_string(); }
  bool is_list(const std::string& key) const { return has(key) && value_->at(key).is_array(); }

  /// "config.json: vision_config.key", for the caller's own messages about a value.
  std::string where(const std::string& key) const { return file_ + ": " + path_ + key; }

  /// An integer in [min, max], written without fraction and exponent.
  Index integer(const std::string& key, Index min, Index max, std::optional<Index> fallback = {}) const {
    if (fallback && !has(key)) return *fallback;
    return to_integer(find(key), key, min, max);
  }

  /// A finite number in [min, max]; integers are numbers too.
  double number(const std::string& key, double min, double max, std::optional<double> fallback = {}) const {
    if (fallback && !has(key)) return *fallback;
    return to_number(find(key), key, min, max);
  }

  bool boolean(const std::string& key, std::optional<bool> fallback = {}) const {
    if (fallback && !has(key)) return *fallback;
    const Json* value = find(key);
    if (value == nullptr || !value->is_boolean()) refuse(key, "true or false", value);
    return value->get<bool>();
  }

  std::string text(const std::string& key, std::optional<std::string> fallback = {}) const {
    if (fallback && !has(key)) return *fallback;
    return to_text(find(key), key);
  }

  /// One of the `allowed` texts.
  std::string one_of(const std::string& key, std::initializer_list<const char*> allowed,
                     std::optional<std::string> fallback = {}) const {
    if (fallback && !has(key)) return *fallback;
    std::string expected = "one of";
    const Json* value = find(key);
    for (const char* choice : allowed) {
      if (value != nullptr && *value == choice) return choice;
      expected += std::string(expected.size() > 6 ? ", \"" : " \"") + choice + "\"";
    }
    refuse(key, expected, value);
  }

  /// A list of min_count to max_count integers in [min, max].
  std::vector<Index> integers(const std::string& key, Index min, Index max, Index min_count = 1,
                              Index max_count = 64) const {
    return list<Index>(key, min_count, max_count, [&](const Json* element, const std::string& element_key) {
      return to_integer(element, element_key, min, max);
    });
  }

  /// A list of min_count to max_count finite numbers in [min, max].
  std::vector<double> numbers(const std::string& key, double min, double max, Index min_count = 1,
                              Index max_count = 64) const {
    return list<double>(key, min_count, max_count, [&](const Json* element, const std::string& element_key) {
      return to_number(element, element_key, min, max);
    });
  }

  /// A list of at most max_count texts.
  std::vector<std::string> texts(const std::string& key, Index max_count = 64) const {
    return list<std::string>(key, 0, max_count, [&](const Json* element, const std::string& element_key) {
      return to_text(element, element_key);
    });
  }

  /// The object below `key`.
  JsonReader object(const std::string& key) const {
    const Json* value = find(key);
    if (value == nullptr || !value->is_object()) refuse(key, "an object", value);
    return JsonReader(std::shared_ptr<const Json>(value_, value), file_, path_ + key + ".");
  }

 private:
  JsonReader(std::shared_ptr<const Json> value, std::string file, std::string path)
      : value_(std::move(value)), file_(std::move(file)), path_(std::move(path)) {
    require(value_->is_object(), ErrorCode::kConfig, file_, ": expected a JSON object, actual ", value_->type_name());
  }

  const Json* find(const std::string& key) const {
    const auto entry = value_->find(key);
    return entry == value_->end() ? nullptr : &*entry;
  }

  [[noreturn]] void refuse(const std::string& key, const std::string& expected, const Json* actual) const {
    std::string text = actual == nullptr ? "nothing: the key is missing" : actual->dump();
    if (text.size() > 120) text = text.substr(0, 120) + "...";
    fail(ErrorCode::kConfig, where(key), ": expected ", expected, ", actual ", text);
  }

  Index to_integer(const Json* value, const std::string& key, Index min, Index max) const {
    if (value != nullptr && value->is_number_integer()) {
      const bool fits = !value->is_number_unsigned() ||
                        value->get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()};
      const Index integer = value->get<Index>();
      if (fits && integer >= min && integer <= max) return integer;
    }
    refuse(key, concat("integer in [", min, ", ", max, "]"), value);
  }

  double to_number(const Json* value, const std::string& key, double min, double max) const {
    if (value != nullptr && value->is_number()) {
      const double number = value->get<double>();
      if (std::isfinite(number) && number >= min && number <= max) return number;
    }
    refuse(key, concat("number in [", min, ", ", max, "]"), value);
  }

  std::string to_text(const Json* value, const std::string& key) const {
    if (value == nullptr || !value->is_string()) refuse(key, "text", value);
    return value->get<std::string>();
  }

  template <class T, class Convert>
  std::vector<T> list(const std::string& key, Index min_count, Index max_count, const Convert& convert) const {
    const Json* value = find(key);
    if (value == nullptr || !value->is_array() || static_cast<Index>(value->size()) < min_count ||
        static_cast<Index>(value->size()) > max_count) {
      refuse(key, concat("a list of ", min_count, " to ", max_count, " values"), value);
    }
    std::vector<T> result;
    for (const Json& element : *value) result.push_back(convert(&element, concat(key, '[', result.size(), ']')));
    return result;
  }

  std::shared_ptr<const Json> value_;
  std::string file_;
  std::string path_;  // "vision_config." for the object below that key
};

SHARPEYE_NAMESPACE_END
