#pragma once

/// @file
/// Bodies of json_reader.hpp.

#include "sharpeye/io/json_reader.hpp"

#include <algorithm>
#include <cmath>

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY JsonReader::JsonReader(Json value, std::string file)
    : JsonReader(std::make_shared<const Json>(std::move(value)), std::move(file), "") {}

SHARPEYE_BODY JsonReader::JsonReader(std::shared_ptr<const Json> value, std::string file, std::string path)
    : value_(std::move(value)), file_(std::move(file)), path_(std::move(path)) {
  require(value_->is_object(), ErrorCode::kConfig, file_, ": expected a JSON object, actual ", value_->type_name());
}

SHARPEYE_BODY bool JsonReader::has(std::string_view key) const {
  const Json* value = value_->find(key);
  return value != nullptr && !value->is_null();
}

SHARPEYE_BODY bool JsonReader::is_text(std::string_view key) const {
  return has(key) && value_->at(key).is_text();
}
SHARPEYE_BODY bool JsonReader::is_list(std::string_view key) const {
  return has(key) && value_->at(key).is_list();
}
SHARPEYE_BODY bool JsonReader::is_object(std::string_view key) const {
  return has(key) && value_->at(key).is_object();
}

SHARPEYE_BODY std::vector<std::string> JsonReader::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : value_->items()) keys.push_back(key);
  return keys;
}

SHARPEYE_BODY Index JsonReader::integer(std::string_view key, Index min, Index max,
                                        std::optional<Index> fallback) const {
  if (fallback && !has(key)) return *fallback;
  return to_integer(value_->find(key), key, min, max);
}

SHARPEYE_BODY double JsonReader::number(std::string_view key, double min, double max,
                                        std::optional<double> fallback) const {
  if (fallback && !has(key)) return *fallback;
  return to_number(value_->find(key), key, min, max);
}

SHARPEYE_BODY bool JsonReader::boolean(std::string_view key, std::optional<bool> fallback) const {
  if (fallback && !has(key)) return *fallback;
  const Json* value = value_->find(key);
  if (value == nullptr || !value->is_boolean()) refuse(key, "true or false", value);
  return value->get<bool>();
}

SHARPEYE_BODY std::string JsonReader::text(std::string_view key, std::optional<std::string> fallback) const {
  if (fallback && !has(key)) return *fallback;
  return to_text(value_->find(key), key);
}

SHARPEYE_BODY std::string JsonReader::one_of(std::string_view key, const std::vector<std::string_view>& allowed,
                                             std::optional<std::string> fallback) const {
  if (fallback && !has(key)) return *fallback;
  std::string expected = "one of";
  const Json* value = value_->find(key);
  for (const std::string_view choice : allowed) {
    if (value != nullptr && *value == Json(choice)) return std::string(choice);
    expected += concat(expected.size() > 6 ? ", \"" : " \"", choice, '"');
  }
  refuse(key, expected, value);
}

SHARPEYE_BODY Json JsonReader::id(std::string_view key) const {
  const Json* value = value_->find(key);
  if (value != nullptr && value->is_text()) return *value;
  const std::optional<std::int64_t> number = value == nullptr ? std::nullopt : value->as_whole_number();
  if (!number) refuse(key, "integer or text", value);
  return *number;
}

SHARPEYE_BODY std::vector<Index> JsonReader::integers(std::string_view key, Index min, Index max, Index min_count,
                                                      Index max_count) const {
  std::vector<Index> result;
  for (const Json& element : list(key, min_count, max_count)) {
    result.push_back(to_integer(&element, concat(key, '[', result.size(), ']'), min, max));
  }
  return result;
}

SHARPEYE_BODY std::vector<double> JsonReader::numbers(std::string_view key, double min, double max, Index min_count,
                                                      Index max_count) const {
  std::vector<double> result;
  for (const Json& element : list(key, min_count, max_count)) {
    result.push_back(to_number(&element, concat(key, '[', result.size(), ']'), min, max));
  }
  return result;
}

SHARPEYE_BODY std::vector<std::string> JsonReader::texts(std::string_view key, Index max_count) const {
  std::vector<std::string> result;
  for (const Json& element : list(key, 0, max_count)) {
    result.push_back(to_text(&element, concat(key, '[', result.size(), ']')));
  }
  return result;
}

SHARPEYE_BODY JsonReader JsonReader::object(std::string_view key) const {
  const Json* value = value_->find(key);
  if (value == nullptr || !value->is_object()) refuse(key, "an object", value);
  return JsonReader(std::shared_ptr<const Json>(value_, value), file_, concat(path_, key, '.'));
}

SHARPEYE_BODY void JsonReader::require_known_keys(const std::vector<std::string>& known) const {
  for (const std::string& key : keys()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    fail(ErrorCode::kConfig, where(key), ": expected a key that sharpeye knows", did_you_mean(key, known));
  }
}

SHARPEYE_BODY void JsonReader::refuse(std::string_view key, const std::string& expected, const Json* actual) const {
  std::string text = actual == nullptr ? "nothing: the key is missing" : actual->dump();
  if (text.size() > 120) text = text.substr(0, 120) + "...";
  fail(ErrorCode::kConfig, where(key), ": expected ", expected, ", actual ", text);
}

namespace detail {

// The ends of the type are no range that helps anybody.
template <class Number>
std::string expected_in(const char* kind, Number min, Number max, Number largest) {
  return max >= largest ? concat(kind, min > 0 ? " of at least " : "", min > 0 ? concat(min) : "")
                        : concat(kind, " in [", min, ", ", max, "]");
}

}  // namespace detail

SHARPEYE_BODY Index JsonReader::to_integer(const Json* value, std::string_view key, Index min, Index max) const {
  const std::optional<std::int64_t> integer = value == nullptr ? std::nullopt : value->as_integer();
  if (integer && *integer >= min && *integer <= max) return static_cast<Index>(*integer);
  constexpr Index kLargest = std::numeric_limits<std::int32_t>::max();
  refuse(key, detail::expected_in<Index>("integer", min, max, kLargest), value);
}

SHARPEYE_BODY double JsonReader::to_number(const Json* value, std::string_view key, double min, double max) const {
  if (value != nullptr && value->is_number()) {
    const auto number = value->get<double>();
    if (std::isfinite(number) && number >= min && number <= max) return number;
  }
  refuse(key, detail::expected_in("number", min, max, std::numeric_limits<double>::max()), value);
}

SHARPEYE_BODY std::string JsonReader::to_text(const Json* value, std::string_view key) const {
  if (value == nullptr || !value->is_text()) refuse(key, "text", value);
  return value->get<std::string>();
}

SHARPEYE_BODY const Json::List& JsonReader::list(std::string_view key, Index min_count, Index max_count) const {
  const Json* value = value_->find(key);
  if (value == nullptr || !value->is_list() || static_cast<Index>(value->size()) < min_count ||
      static_cast<Index>(value->size()) > max_count) {
    refuse(key, concat("a list of ", min_count, " to ", max_count, " values"), value);
  }
  return value->elements();
}

SHARPEYE_NAMESPACE_END
