#pragma once

/// @file
/// A configuration lists its fields once, in a function `list_fields(Config&, fields)`: keys, members, ranges. Reading,
/// checking, writing and naming follow from that list; the visitors here are what `fields` may be. For .inl files:
/// configurations show from_json() and to_json() only.

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sharpeye/io/json_reader.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Whether a key must be there; an optional one leaves the value that the configuration has already.
enum class Need { kOptional, kRequired };

/// The texts of an enumeration's values.
template <class Value>
using Names = std::vector<std::pair<Value, const char*>>;

/// Reads fields from a JSON object. @throws Error kConfig naming the key
class ReadFields {
 public:
  explicit ReadFields(const JsonReader& json) : json_(json) {}

  void integer(const char* key, Index& value, Index min, Index max, Need need = Need::kOptional) {
    value = need == Need::kRequired ? json_.integer(key, min, max) : json_.integer(key, min, max, value);
  }
  void number(const char* key, double& value, double min, double max) { value = json_.number(key, min, max, value); }
  void boolean(const char* key, bool& value) { value = json_.boolean(key, value); }
  void text(const char* key, std::string& value) { value = json_.text(key, value); }
  void texts(const char* key, std::vector<std::string>& values) {
    if (json_.has(key)) values = json_.texts(key);
  }
  void integers(const char* key, std::vector<Index>& values, Index min, Index max) {
    if (json_.has(key)) values = json_.integers(key, min, max);
  }
  void numbers(const char* key, std::array<double, 3>& values, double min, double max) {
    if (!json_.has(key)) return;
    const std::vector<double> read = json_.numbers(key, min, max, 3, 3);
    std::copy(read.begin(), read.end(), values.begin());
  }
  template <class Value>
  void choice(const char* key, Value& value, const Names<Value>& names) {
    if (!json_.has(key)) return;
    std::vector<std::string_view> allowed;
    for (const auto& name : names) allowed.emplace_back(name.second);
    const std::string chosen = json_.one_of(key, allowed);
    for (const auto& [meaning, name] : names) {
      if (name == chosen) value = meaning;
    }
  }
  /// A text with a grammar of its own: Value::from_text(text, where) and to_text().
  template <class Value>
  void parsed(const char* key, Value& value) {
    if (json_.has(key)) value = Value::from_text(json_.text(key), json_.where(key));
  }
  /// A key that can have one value only, in this version.
  void constant(const char* key, const Json& expected) {
    if (!json_.has(key)) return;
    require(json_.value(key) == expected, ErrorCode::kUnsupported, json_.where(key), ": expected ", expected.dump(),
            ", actual ", json_.value(key).dump());
  }

 private:
  const JsonReader& json_;
};

/// Writes fields to a JSON object, in the order of the list.
class WriteFields {
 public:
  explicit WriteFields(Json& json) : json_(json) {}

  void integer(const char* key, const Index& value, Index, Index, Need = Need::kOptional) { json_[key] = value; }
  void number(const char* key, const double& value, double, double) { json_[key] = value; }
  void boolean(const char* key, const bool& value) { json_[key] = value; }
  void text(const char* key, const std::string& value) { json_[key] = value; }
  void texts(const char* key, const std::vector<std::string>& values) { json_[key] = values; }
  void integers(const char* key, const std::vector<Index>& values, Index, Index) { json_[key] = values; }
  void numbers(const char* key, const std::array<double, 3>& values, double, double) { json_[key] = values; }
  template <class Value>
  void choice(const char* key, const Value& value, const Names<Value>& names) {
    for (const auto& [meaning, name] : names) {
      if (meaning == value) json_[key] = name;
    }
  }
  template <class Value>
  void parsed(const char* key, const Value& value) {
    json_[key] = value.to_text();
  }
  void constant(const char* key, const Json& expected) { json_[key] = expected; }

 private:
  Json& json_;
};

/// `config` with what the object says.
template <class Config>
void read_fields(const JsonReader& json, Config& config) {
  ReadFields fields(json);
  list_fields(config, fields);
}

/// The object that `config` is written as.
template <class Config>
Json fields_to_json(Config config) {
  Json json = Json::object();
  WriteFields fields(json);
  list_fields(config, fields);
  return json;
}

/// The keys of a configuration: for objects of our own, in which an unknown key is an error.
template <class Config>
std::vector<std::string> field_names(const Config& config) {
  std::vector<std::string> names;
  const Json json = fields_to_json(config);
  for (const auto& [key, value] : json.items()) names.push_back(key);
  return names;
}

SHARPEYE_NAMESPACE_END
