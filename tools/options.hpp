#pragma once

/// @file
/// How a subcommand declares its options. Standard library only: what parses them is seen by options.cpp alone.

#include <charconv>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/words.hpp"

namespace tool {

/// Carries out the command line. @return an ExitCode @throws Error (a failure of the whole command), OutputError
using Action = std::function<int()>;

/// One option, flag or positional argument. A command sees it while it declares it, options.cpp reads it.
struct Option {
  std::string names;        ///< "-o,--output"; of a positional argument, without dashes
  std::string description;  ///< for --help, as all that follows
  std::string value_type;   ///< "INT:1..64"; empty for a flag
  std::string default_text;
  /// Sets the option to what the command line says. @return what is wrong with that; empty when nothing is
  std::function<std::string(const std::vector<std::string>&)> set;
  std::vector<std::string> choices;  ///< all if there are none
  std::vector<const Option*> needed, excluded;
  std::string group;
  char separator = '\0';
  bool is_required = false, is_list = false, takes_one_each = false;

  /// Must be given; what its variable holds is then no default.
  Option& required();
  /// What --help calls a value: "DIR".
  Option& type(const char* name);
  /// Takes one of these texts; another one is answered with the nearest.
  Option& one_of(std::vector<std::string> texts);
  Option& needs(const Option& other);
  Option& excludes(const Option& other);
  /// Of a group's options exactly one must be given.
  Option& alternative(const char* group_name);
  /// A list's values may stand in one word, with this between them.
  Option& separated_by(char mark);
  /// A list takes one value each time it is named, not all words that follow.
  Option& one_each();
};

namespace detail {

template <class T>
struct Plain {
  using Type = T;
};
template <class T>
struct Plain<std::optional<T>> {
  using Type = T;
};

/// Reads a number of the range: no NaN, no overflow, no minus before unsigned, the same for any locale.
template <class T>
bool read_number(const std::string& text, T min, T max, T& value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && value >= min && value <= max;
}

/// "INT:1..64"; a range that is all of the type is not shown.
template <class T>
std::string number_type(T min, T max) {
  const std::string name = std::is_floating_point_v<T> ? "FLOAT" : std::is_signed_v<T> ? "INT" : "UINT";
  const bool is_all = min == std::numeric_limits<T>::lowest() && max == std::numeric_limits<T>::max();
  return is_all ? name : sharpeye::concat(name, ":", min, "..", max);
}

}  // namespace detail

/// A subcommand: its name, what it says in --help, its options and what it does. The variables that options set must
/// live as long as `run`. A variable's value when its option is declared is the default that --help shows; an empty
/// std::optional has none.
class Command {
 public:
  explicit Command(std::string name_of_command) : name(std::move(name_of_command)) {}

  std::string name, description;
  Action run;

  /// A number from `min` to `max`; `Target` is its type or a std::optional of it.
  template <class Target, class T = typename detail::Plain<Target>::Type>
  Option& number(const char* names, Target& target, typename detail::Plain<Target>::Type min,
                 typename detail::Plain<Target>::Type max, const char* text = "") {
    Option& option = add(names, text, detail::number_type<T>(min, max));
    if constexpr (std::is_same_v<Target, T>) option.default_text = sharpeye::concat(target);
    option.set = [&target, min, max](const std::vector<std::string>& values) {
      T value{};
      if (!detail::read_number<T>(values.front(), min, max, value)) {
        return sharpeye::concat("expected a number from ", min, " to ", max, ", actual ",
                                sharpeye::in_quotes(values.front()));
      }
      target = value;
      return std::string();
    };
    return option;
  }
  /// `--seed`; `Seed` is a std::uint64_t or an optional one.
  template <class Seed>
  Option& seed(Seed& target, const char* text) {
    return number("--seed", target, 0, std::numeric_limits<std::uint64_t>::max(), text);
  }
  Option& text(const char* names, std::string& target, const char* text);
  Option& text(const char* names, std::optional<std::string>& target, const char* text);
  /// One or more texts, which take the place of those in `target`.
  Option& texts(const char* names, std::vector<std::string>& target, const char* text);
  Option& flag(const char* names, bool& target, const char* text);
  Option& flag(const char* names, std::function<void()> action, const char* text);

  const std::deque<Option>& options() const { return options_; }

 private:
  Option& add(const char* names, const char* text, std::string type);

  std::deque<Option> options_;  // (does not move them)
};

/// A subcommand of this build.
struct CommandEntry {
  const char* name;
  void (*declare)(Command& command);
};

/// What to do for a command line: run a subcommand, or print help or the version.
/// @param left_out names of commands that are not in this build @throws Error kInvalidArgument on wrong usage
Action parse_command_line(int argc, char** argv, const std::vector<CommandEntry>& commands,
                          const std::vector<std::string>& left_out);

}  // namespace tool
