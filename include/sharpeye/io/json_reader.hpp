#pragma once

/// @file
/// A typed, range-checked reader of JSON objects, for configuration files.

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sharpeye/core/types.hpp"
#include "sharpeye/io/json.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Typed, range-checked access to a JSON object, usually a configuration file. Every failure is an Error kConfig that
/// names file, dotted key, expected and actual value:
/// `config.json: vision_config.hidden_size: expected integer in [1, 65536], actual -3`.
/// Where a fallback is given a missing key yields it, and so does null, which transformers writes for "unset"; a key
/// with another value must be valid. Children share ownership of the whole value.
class JsonReader {
 public:
  /// @param file names the value in error messages. @throws Error kConfig unless `value` is an object.
  JsonReader(Json value, std::string file);

  /// Whether the object has this key, with a value that is not null.
  bool has(std::string_view key) const;
  /// Whether the key's value is a text, or a list: for keys that may be one thing or another.
  bool is_text(std::string_view key) const;
  bool is_list(std::string_view key) const;
  bool is_object(std::string_view key) const;
  /// The value as it is. @throws JsonError where there is none
  const Json& value(std::string_view key) const { return value_->at(key); }
  /// All keys, in the order of the file.
  std::vector<std::string> keys() const;

  /// The name that the value was given for error messages.
  const std::string& file() const { return file_; }

  /// "config.json: vision_config.key", for the caller's own messages about a value.
  std::string where(std::string_view key) const { return file_ + ": " + path_ + std::string(key); }

  /// An integer in [min, max], written without fraction and exponent.
  Index integer(std::string_view key, Index min, Index max, std::optional<Index> fallback = {}) const;
  /// A finite number in [min, max]; integers are numbers too.
  double number(std::string_view key, double min, double max, std::optional<double> fallback = {}) const;
  bool boolean(std::string_view key, std::optional<bool> fallback = {}) const;
  std::string text(std::string_view key, std::optional<std::string> fallback = {}) const;
  /// One of the `allowed` texts.
  std::string one_of(std::string_view key, const std::vector<std::string_view>& allowed,
                     std::optional<std::string> fallback = {}) const;
  /// What names an entry of a file: a text or an integer, also one that is written 1.0.
  Json id(std::string_view key) const;
  /// A list of min_count to max_count integers in [min, max].
  std::vector<Index> integers(std::string_view key, Index min, Index max, Index min_count = 1,
                              Index max_count = 64) const;
  /// A list of min_count to max_count finite numbers in [min, max].
  std::vector<double> numbers(std::string_view key, double min, double max, Index min_count = 1,
                              Index max_count = 64) const;
  /// A list of at most max_count texts.
  std::vector<std::string> texts(std::string_view key, Index max_count = 64) const;
  /// The object below `key`.
  JsonReader object(std::string_view key) const;

  /// Refuses keys that are not in `known`: a misspelt one would change nothing, and nobody would know.
  /// @throws Error kConfig naming the first with its nearest known one.
  void require_known_keys(const std::vector<std::string>& known) const;

 private:
  JsonReader(std::shared_ptr<const Json> value, std::string file, std::string path);

  [[noreturn]] void refuse(std::string_view key, const std::string& expected, const Json* actual) const;
  Index to_integer(const Json* value, std::string_view key, Index min, Index max) const;
  double to_number(const Json* value, std::string_view key, double min, double max) const;
  std::string to_text(const Json* value, std::string_view key) const;
  /// The elements of the list at `key`, each with its own key "key[i]".
  const Json::List& list(std::string_view key, Index min_count, Index max_count) const;

  std::shared_ptr<const Json> value_;
  std::string file_;
  std::string path_;  // "vision_config." for the object below that key
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/json_reader.inl"
#endif
