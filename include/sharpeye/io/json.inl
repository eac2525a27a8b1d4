#pragma once

/// @file
/// Bodies of json.hpp: the only include of nlohmann/json.

#include "sharpeye/io/json.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sharpeye/core/file.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY Json::Json() noexcept : value_(nullptr) {}
SHARPEYE_BODY Json::Json(std::nullptr_t) noexcept : value_(nullptr) {}
SHARPEYE_BODY Json::Json(const char* text) : value_(std::string(text)) {}
SHARPEYE_BODY Json::Json(std::string_view text) : value_(std::string(text)) {}
SHARPEYE_BODY Json::Json(std::string text) : value_(std::move(text)) {}
SHARPEYE_BODY Json::Json(List list) : value_(std::move(list)) {}
SHARPEYE_BODY Json::Json(Object members) : value_(std::move(members)) {}
SHARPEYE_BODY Json::Json(std::initializer_list<std::pair<std::string, Json>> members) : value_(Object{}) {
  for (const auto& [key, value] : members) std::get<Object>(value_).push_back({key, value});
}
SHARPEYE_BODY Json::Json(const Json& other) = default;
SHARPEYE_BODY Json::Json(Json&& other) noexcept = default;
SHARPEYE_BODY Json& Json::operator=(const Json& other) = default;
SHARPEYE_BODY Json& Json::operator=(Json&& other) noexcept = default;
SHARPEYE_BODY Json::~Json() = default;

SHARPEYE_BODY Json Json::list(std::initializer_list<Json> elements) {
  return Json(List(elements));
}
SHARPEYE_BODY Json Json::object() {
  return Json(Object{});
}

SHARPEYE_BODY const char* Json::type_name() const noexcept {
  if (is_null()) return "null";
  if (is_boolean()) return "boolean";
  if (is_text()) return "string";
  if (is_list()) return "array";
  return is_object() ? "object" : "number";
}

SHARPEYE_BODY std::optional<std::int64_t> Json::as_integer() const noexcept {
  const auto* value = std::get_if<std::int64_t>(&value_);
  return value == nullptr ? std::nullopt : std::optional<std::int64_t>(*value);
}

SHARPEYE_BODY std::optional<std::int64_t> Json::as_whole_number() const noexcept {
  const auto* value = std::get_if<double>(&value_);
  if (value == nullptr) return as_integer();
  if (std::abs(*value) > 0x1p53 || *value != std::floor(*value)) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

SHARPEYE_BODY void Json::refuse(const char* expected) const {
  std::string actual = dump();
  if (actual.size() > 120) actual = actual.substr(0, 120) + "...";
  throw JsonError(concat("JSON: expected ", expected, ", actual ", actual));
}

SHARPEYE_BODY void Json::set_unsigned(std::uint64_t value) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (value <= kMost) {
    value_ = static_cast<std::int64_t>(value);
  } else {
    value_ = value;
  }
}

SHARPEYE_BODY std::int64_t Json::integer(std::int64_t min, std::int64_t max) const {
  const auto* value = std::get_if<std::int64_t>(&value_);
  if (value == nullptr || *value < min || *value > max) refuse("an integer in range");
  return *value;
}

SHARPEYE_BODY std::uint64_t Json::unsigned_integer(std::uint64_t max) const {
  std::uint64_t value = 0;
  if (const auto* large = std::get_if<std::uint64_t>(&value_)) {
    value = *large;
  } else {
    value = static_cast<std::uint64_t>(integer(0, std::numeric_limits<std::int64_t>::max()));
  }
  if (value > max) refuse("an integer in range");
  return value;
}

SHARPEYE_BODY double Json::number() const {
  if (const auto* value = std::get_if<double>(&value_)) return *value;
  if (const auto* value = std::get_if<std::uint64_t>(&value_)) return static_cast<double>(*value);
  const auto* value = std::get_if<std::int64_t>(&value_);
  if (value == nullptr) refuse("a number");
  return static_cast<double>(*value);
}

SHARPEYE_BODY std::size_t Json::size() const noexcept {
  if (const auto* elements = std::get_if<List>(&value_)) return elements->size();
  const auto* members = std::get_if<Object>(&value_);
  return members == nullptr ? 0 : members->size();
}

SHARPEYE_BODY const Json::List& Json::elements() const& {
  if (!is_list()) refuse("a list");
  return std::get<List>(value_);
}

SHARPEYE_BODY Json::List Json::elements() && {
  if (!is_list()) refuse("a list");
  return std::move(std::get<List>(value_));
}

SHARPEYE_BODY Json::Object Json::items() && {
  if (!is_object()) refuse("an object");
  return std::move(std::get<Object>(value_));
}

SHARPEYE_BODY Json::List::const_iterator Json::begin() const {
  return elements().begin();
}
SHARPEYE_BODY Json::List::const_iterator Json::end() const {
  return elements().end();
}

SHARPEYE_BODY const Json::Object& Json::items() const& {
  if (!is_object()) refuse("an object");
  return std::get<Object>(value_);
}

SHARPEYE_BODY const Json& Json::at(std::size_t index) const {
  const List& list = elements();
  if (index >= list.size()) refuse(concat("a list of more than ", index, " elements").c_str());
  return list[index];
}

SHARPEYE_BODY const Json* Json::find(std::string_view key) const noexcept {
  const auto* members = std::get_if<Object>(&value_);
  if (members == nullptr) return nullptr;
  for (const Member& member : *members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

SHARPEYE_BODY const Json& Json::at(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) refuse(("an object with " + in_quotes(key)).c_str());
  return *value;
}

SHARPEYE_BODY Json& Json::operator[](std::string_view key) {
  if (is_null()) value_ = Object{};
  if (!is_object()) refuse("an object");
  if (const Json* value = find(key)) return const_cast<Json&>(*value);
  auto& members = std::get<Object>(value_);
  members.push_back({std::string(key), Json()});
  return members.back().value;
}

SHARPEYE_BODY void Json::erase(std::string_view key) {
  if (!is_object()) refuse("an object");
  auto& members = std::get<Object>(value_);
  members.erase(std::remove_if(members.begin(), members.end(), [&](const Member& member) { return member.key == key; }),
                members.end());
}

SHARPEYE_BODY void Json::update(const Json& changes) {
  for (const auto& [key, value] : changes.items()) (*this)[key] = value;
}

SHARPEYE_BODY void Json::push_back(Json element) {
  if (is_null()) value_ = List{};
  if (!is_list()) refuse("a list");
  std::get<List>(value_).push_back(std::move(element));
}

SHARPEYE_BODY bool Json::equals(const Json& other) const {
  if (is_object() && other.is_object()) {
    const Object &a = items(), &b = other.items();
    return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const Member& member) {
             const Json* twin = other.find(member.key);
             return twin != nullptr && member.value.equals(*twin);
           });
  }
  if (is_number() && other.is_number() && value_.index() != other.value_.index()) return number() == other.number();
  if (value_.index() != other.value_.index()) return false;
  if (is_list()) return elements() == other.elements();
  if (is_text()) return std::get<std::string>(value_) == std::get<std::string>(other.value_);
  if (is_boolean()) return std::get<bool>(value_) == std::get<bool>(other.value_);
  if (is_integer())
    return value_.index() == 2 ? std::get<2>(value_) == std::get<2>(other.value_)
                               : std::get<3>(value_) == std::get<3>(other.value_);
  return is_null() || std::get<double>(value_) == std::get<double>(other.value_);
}

namespace detail {

// Numbers and texts are written by nlohmann; the structure around them is ours, so that a large value is not copied.
inline std::string json_text(const std::string& value) {
  return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace detail

SHARPEYE_BODY void Json::dump_to(std::string& text, int indent, int level) const {
  const auto line = [&](int depth) {
    if (indent >= 0)
      text.append(1, '\n').append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(depth), ' ');
  };
  if (is_list()) {
    text += '[';
    for (const Json& element : elements()) {
      if (&element != &elements().front()) text += ',';
      line(level + 1);
      element.dump_to(text, indent, level + 1);
    }
    if (size() > 0) line(level);
    text += ']';
  } else if (is_object()) {
    text += '{';
    for (const Member& member : items()) {
      if (&member != &items().front()) text += ',';
      line(level + 1);
      text += detail::json_text(member.key) + (indent >= 0 ? ": " : ":");
      member.value.dump_to(text, indent, level + 1);
    }
    if (size() > 0) line(level);
    text += '}';
  } else if (is_text()) {
    text += detail::json_text(std::get<std::string>(value_));
  } else if (is_null()) {
    text += "null";
  } else if (is_boolean()) {
    text += std::get<bool>(value_) ? "true" : "false";
  } else if (const auto* large = std::get_if<std::uint64_t>(&value_)) {
    text += concat(*large);
  } else if (const auto* small = std::get_if<std::int64_t>(&value_)) {
    text += concat(*small);
  } else {
    text += nlohmann::json(std::get<double>(value_)).dump();
  }
}

SHARPEYE_BODY std::string Json::dump(int indent) const {
  std::string text;
  dump_to(text, indent, 0);
  return text;
}

namespace detail {

// nlohmann's events as ours.
class JsonEventsAdapter final : public nlohmann::json::json_sax_t {
 public:
  JsonEventsAdapter(JsonEvents& events, const std::string& where) : events_(events), where_(where) {}

  bool null() override { return events_.null(), true; }
  bool boolean(bool value) override { return events_.boolean(value), true; }
  bool number_integer(number_integer_t value) override { return events_.negative_integer(value), true; }
  bool number_unsigned(number_unsigned_t value) override { return events_.integer(value), true; }
  bool number_float(number_float_t value, const string_t& digits) override {
    return events_.number(value, digits), true;
  }
  bool string(string_t& value) override { return events_.text(value), true; }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return events_.start_object(), true; }
  bool end_object() override { return events_.end_object(), true; }
  bool start_array(std::size_t) override { return events_.start_list(), true; }
  bool end_array() override { return events_.end_list(), true; }
  bool key(string_t& name) override { return events_.key(name), true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) override {
    const std::string text = error.what();  // without its exception number
    fail(ErrorCode::kFormat, where_, ": expected JSON, actual ", in_quotes(text.substr(text.find("] ") + 2)));
  }

 private:
  JsonEvents& events_;
  const std::string& where_;
};

}  // namespace detail

/// Builds a value, and refuses what nlohmann would build without a word: deep nesting, and a key twice in one object.
class JsonBuilder final : public JsonEvents {
 public:
  explicit JsonBuilder(const std::string& where) : where_(where) {}
  Json result;

  void null() override { put(nullptr); }
  void boolean(bool value) override { put(value); }
  void integer(std::uint64_t value) override { put(value); }
  void negative_integer(std::int64_t value) override { put(value); }
  void number(double value, const std::string&) override { put(value); }
  void text(std::string& value) override { put(std::move(value)); }
  void start_object() override { open(Json::object()); }
  void start_list() override { open(Json::list()); }
  void key(std::string& name) override {
    std::get<Json::Object>(open_.back()->value_).push_back({std::move(name), {}});
  }
  void end_object() override {
    const auto& members = std::get<Json::Object>(open_.back()->value_);
    std::vector<std::string_view> keys;
    for (const Json::Member& member : members) keys.push_back(member.key);
    std::sort(keys.begin(), keys.end());
    const auto twin = std::adjacent_find(keys.begin(), keys.end());
    if (twin != keys.end()) {
      fail(ErrorCode::kFormat, where_, ": key ", in_quotes(*twin), ": expected once in its object, actual twice");
    }
    open_.pop_back();
  }
  void end_list() override { open_.pop_back(); }

 private:
  Json& put(Json value) {
    if (open_.empty()) return result = std::move(value);
    Json& parent = *open_.back();
    if (parent.is_list()) {
      auto& elements = std::get<Json::List>(parent.value_);
      elements.push_back(std::move(value));
      return elements.back();
    }
    return std::get<Json::Object>(parent.value_).back().value = std::move(value);
  }
  void open(Json value) {
    require(open_.size() < kJsonDepthLimit, ErrorCode::kLimit, where_, ": expected JSON of at most ", kJsonDepthLimit,
            " levels, actual nesting is deeper");
    open_.push_back(&put(std::move(value)));  // stays where it is: nothing is added to its parent before it ends
  }

  const std::string& where_;
  std::vector<Json*> open_;
};

SHARPEYE_BODY std::string_view without_bom(std::string_view text) noexcept {
  constexpr std::string_view kBom = "\xef\xbb\xbf";
  return text.substr(0, kBom.size()) == kBom ? text.substr(kBom.size()) : text;
}

SHARPEYE_BODY void read_json_events(std::string_view text, const std::string& where, JsonEvents& events) {
  // nlohmann takes a NUL byte for the end of the text, and would not look at what follows.
  require(text.find('\0') == text.npos, ErrorCode::kFormat, where, ": expected JSON, actual text has a NUL byte");
  detail::JsonEventsAdapter adapter(events, where);
  nlohmann::json::sax_parse(text, static_cast<nlohmann::json::json_sax_t*>(&adapter));
}

SHARPEYE_BODY Json parse_json(std::string_view text, const std::string& where) {
  JsonBuilder builder(where);
  read_json_events(text, where, builder);
  return std::move(builder.result);
}

SHARPEYE_BODY Json read_json_file(const std::string& path, std::uint64_t limit_bytes) {
  return parse_json(read_file(path, limit_bytes), path);
}

SHARPEYE_BODY JsonLines::JsonLines(std::string_view text, std::string where)
    : rest_(without_bom(text)), where_(std::move(where)) {}

SHARPEYE_BODY bool JsonLines::next(Json& value) {
  while (!rest_.empty()) {
    const std::size_t length = std::min(rest_.find('\n'), rest_.size());
    const std::string_view line = rest_.substr(0, length);
    rest_.remove_prefix(std::min(length + 1, rest_.size()));
    ++number_;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    value = parse_json(line, where());
    return true;
  }
  return false;
}

SHARPEYE_NAMESPACE_END
