#pragma once

/// @file
/// JSON: values, a reader with limits, and the text of a value. nlohmann/json does the lexing, in json.inl only.

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/words.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Objects and arrays may be nested this deep.
inline constexpr int kJsonDepthLimit = 64;

/// A value of another kind than the one asked for, or a missing element: code kFormat.
class JsonError : public Error {
 public:
  explicit JsonError(const std::string& text) : Error(ErrorCode::kFormat, text) {}
};

/// A JSON value. Objects keep the order in which their keys came; two are equal whatever their orders.
class Json {
 public:
  struct Member;
  using List = std::vector<Json>;
  using Object = std::vector<Member>;

  Json() noexcept;
  Json(std::nullptr_t) noexcept;
  Json(const char* text);
  Json(std::string_view text);
  Json(std::string text);
  Json(List list);
  Json(Object members);
  /// An object, as in Json{{"beams", 3}, {"seed", 1}}.
  Json(std::initializer_list<std::pair<std::string, Json>> members);
  template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
  Json(T value) : Json() {
    if constexpr (std::is_same_v<T, bool>) {
      value_ = value;
    } else if constexpr (std::is_floating_point_v<T>) {
      value_ = static_cast<double>(value);
    } else if constexpr (std::is_signed_v<T>) {
      value_ = static_cast<std::int64_t>(value);
    } else {
      set_unsigned(value);
    }
  }
  /// A list of what a container holds, or the object of a std::map.
  template <class T, class = decltype(std::declval<const T&>().begin()),
            std::enable_if_t<!std::is_convertible_v<T, std::string_view> && !std::is_same_v<T, Json>, int> = 0>
  Json(const T& container);
  Json(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(const Json& other);
  Json& operator=(Json&& other) noexcept;
  ~Json();

  static Json list(std::initializer_list<Json> elements = {});
  static Json object();

  bool is_null() const noexcept { return std::holds_alternative<std::nullptr_t>(value_); }
  bool is_boolean() const noexcept { return std::holds_alternative<bool>(value_); }
  /// Written without fraction and exponent.
  bool is_integer() const noexcept {
    return std::holds_alternative<std::int64_t>(value_) || std::holds_alternative<std::uint64_t>(value_);
  }
  /// The integer, where it is one of 64 bits with a sign.
  std::optional<std::int64_t> as_integer() const noexcept;
  /// The whole number, also one that is written as 17.0 (up to 2^53), as spreadsheets and pandas do.
  std::optional<std::int64_t> as_whole_number() const noexcept;
  bool is_number() const noexcept { return is_integer() || std::holds_alternative<double>(value_); }
  bool is_text() const noexcept { return std::holds_alternative<std::string>(value_); }
  bool is_list() const noexcept { return std::holds_alternative<List>(value_); }
  bool is_object() const noexcept { return std::holds_alternative<Object>(value_); }
  /// "null", "boolean", "number", "string", "array" or "object", as JSON calls them.
  const char* type_name() const noexcept;

  /// The value as T: bool, an integer in whose range it is, a floating-point number, std::string, or a std::vector of
  /// these. @throws JsonError saying what it is instead
  template <class T>
  T get() const;

  /// Elements of a list or members of an object; 0 of all else.
  std::size_t size() const noexcept;
  /// @throws JsonError unless this is a list (an object) with this element (member).
  const Json& at(std::size_t index) const;
  const Json& at(std::string_view key) const;
  const Json& operator[](std::size_t index) const { return at(index); }
  Json& operator[](std::size_t index) { return const_cast<Json&>(at(index)); }
  const Json& operator[](std::string_view key) const { return at(key); }
  /// The member of this key, a new null if there was none; null becomes an object. @throws JsonError on other kinds
  Json& operator[](std::string_view key);
  /// Whether this is an object with this key.
  bool contains(std::string_view key) const noexcept { return find(key) != nullptr; }
  /// nullptr where there is none.
  const Json* find(std::string_view key) const noexcept;
  void erase(std::string_view key);
  /// Takes the members of `changes`, in place of those of the same keys.
  void update(const Json& changes);
  /// Adds an element; null becomes a list. @throws JsonError on other kinds
  void push_back(Json element);

  /// The elements of a list. @throws JsonError unless it is one
  const List& elements() const&;
  List elements() &&;  ///< of a temporary, for a loop over it
  List::const_iterator begin() const;
  List::const_iterator end() const;
  /// The members of an object, each with `key` and `value`. @throws JsonError unless it is one
  const Object& items() const&;
  Object items() &&;  ///< of a temporary, for a loop over it

  /// The value as JSON text, on one line, or over several indented by `indent` spaces a level. Bytes that are no UTF-8
  /// become U+FFFD.
  std::string dump(int indent = -1) const;

  friend bool operator==(const Json& a, const Json& b) { return a.equals(b); }
  friend bool operator!=(const Json& a, const Json& b) { return !a.equals(b); }

 private:
  friend class JsonBuilder;

  void set_unsigned(std::uint64_t value);
  bool equals(const Json& other) const;
  void dump_to(std::string& text, int indent, int level) const;
  [[noreturn]] void refuse(const char* expected) const;
  std::int64_t integer(std::int64_t min, std::int64_t max) const;
  std::uint64_t unsigned_integer(std::uint64_t max) const;
  double number() const;

  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, List, Object> value_;
};

/// One key of an object and its value.
struct Json::Member {
  std::string key;
  Json value;
};

/// Receives the parts of a JSON text in order; may throw. Keys and texts may be moved from.
class JsonEvents {
 public:
  virtual ~JsonEvents() = default;
  virtual void null() = 0;
  virtual void boolean(bool value) = 0;
  virtual void integer(std::uint64_t value) = 0;
  /// With a minus sign, also -0.
  virtual void negative_integer(std::int64_t value) = 0;
  /// @param digits as they are written
  virtual void number(double value, const std::string& digits) = 0;
  virtual void text(std::string& value) = 0;
  virtual void start_object() = 0;
  virtual void key(std::string& name) = 0;
  virtual void end_object() = 0;
  virtual void start_list() = 0;
  virtual void end_list() = 0;
};

/// `text` without a byte-order mark (UTF-8's, which some editors write).
std::string_view without_bom(std::string_view text) noexcept;

/// Hands over the parts of a whole JSON text (UTF-8, one value, nothing but white space around it).
/// @param where names the text in error messages, usually the file. @throws Error kFormat when it is not JSON
void read_json_events(std::string_view text, const std::string& where, JsonEvents& events);

/// The value of a whole JSON text. The caller bounds its size.
/// @throws Error kFormat when it is not JSON or an object has a key twice; kLimit beyond kJsonDepthLimit.
Json parse_json(std::string_view text, const std::string& where);

/// The value of a JSON file of at most `limit_bytes`.
/// @throws Error as read_file() and parse_json().
Json read_json_file(const std::string& path, std::uint64_t limit_bytes);

/// JSON Lines: the values of a text's lines, with their numbers from 1. Lines of white space are left out; errors name
/// the line: "captions.jsonl: line 7: ...".
class JsonLines {
 public:
  JsonLines(std::string_view text, std::string where);
  /// The next value into `value`. @return false at the end
  bool next(Json& value);
  /// "where: line 7" of the last value.
  std::string where() const { return where_ + ": " + place(); }
  /// "line 7".
  std::string place() const { return concat("line ", number_); }

 private:
  std::string_view rest_;
  std::string where_;
  std::size_t number_ = 0;
};

template <class T, class,
          std::enable_if_t<!std::is_convertible_v<T, std::string_view> && !std::is_same_v<T, Json>, int>>
Json::Json(const T& container) : Json() {
  if constexpr (std::is_same_v<T, std::map<std::string, std::string>>) {
    value_ = Object{};
    for (const auto& [key, value] : container) (*this)[key] = value;
  } else {
    List elements;
    for (const auto& element : container) elements.emplace_back(element);
    value_ = std::move(elements);
  }
}

template <class T>
T Json::get() const {
  if constexpr (std::is_same_v<T, bool>) {
    if (!is_boolean()) refuse("true or false");
    return std::get<bool>(value_);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(number());
  } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
    return static_cast<T>(integer(std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(unsigned_integer(std::numeric_limits<T>::max()));
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!is_text()) refuse("text");
    return std::get<std::string>(value_);
  } else {
    T values;
    for (const Json& element : elements()) values.push_back(element.get<typename T::value_type>());
    return values;
  }
}

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/json.inl"
#endif
