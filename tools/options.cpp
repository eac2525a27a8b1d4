#include "tools/options.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <sstream>

#include "tools/terminal.hpp"

namespace tool {

Option& Option::required() {
  is_required = true;
  default_text.clear();
  return *this;
}

Option& Option::type(const char* name) {
  value_type = name;
  return *this;
}

Option& Option::one_of(std::vector<std::string> texts) {
  choices = std::move(texts);
  value_type = "TEXT:{";
  for (const std::string& choice : choices) value_type += (&choice == &choices.front() ? "" : ",") + choice;
  value_type += "}";
  return *this;
}

Option& Option::needs(const Option& other) {
  needed.push_back(&other);
  return *this;
}

Option& Option::excludes(const Option& other) {
  excluded.push_back(&other);
  return *this;
}

Option& Option::alternative(const char* group_name) {
  group = group_name;
  return *this;
}

Option& Option::separated_by(char mark) {
  separator = mark;
  return *this;
}

Option& Option::one_each() {
  takes_one_each = true;
  return *this;
}

Option& Command::add(const char* names, const char* text, std::string type) {
  Option& option = options_.emplace_back();
  option.names = names;
  option.description = text;
  option.value_type = std::move(type);
  return option;
}

Option& Command::text(const char* names, std::string& target, const char* text) {
  Option& option = add(names, text, "TEXT");
  option.default_text = target;
  option.set = [&target](const std::vector<std::string>& values) {
    target = values.front();
    return std::string();
  };
  return option;
}

Option& Command::text(const char* names, std::optional<std::string>& target, const char* text) {
  Option& option = add(names, text, "TEXT");
  option.set = [&target](const std::vector<std::string>& values) {
    target = values.front();
    return std::string();
  };
  return option;
}

Option& Command::texts(const char* names, std::vector<std::string>& target, const char* text) {
  Option& option = add(names, text, "TEXT");
  option.is_list = true;
  option.set = [&target](const std::vector<std::string>& values) {
    target = values;
    return std::string();
  };
  return option;
}

Option& Command::flag(const char* names, bool& target, const char* text) {
  return flag(
      names, [&target] { target = true; }, text);
}

Option& Command::flag(const char* names, std::function<void()> action, const char* text) {
  Option& option = add(names, text, "");
  option.set = [action = std::move(action)](const std::vector<std::string>&) {
    action();
    return std::string();
  };
  return option;
}

namespace {

// What is wrong with the values of an option; empty when nothing is, and then they are set.
std::string set_option(const Option& option, const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    if (option.choices.empty() || std::count(option.choices.begin(), option.choices.end(), value) > 0) continue;
    std::string all;
    for (const std::string& choice : option.choices) all += (all.empty() ? "" : ", ") + choice;
    return concat("expected one of ", all, "; actual ", in_quotes(value), did_you_mean(value, option.choices));
  }
  return option.set(values);
}

CLI::Option* add_option(CLI::App& app, const Option& option) {
  if (option.value_type.empty()) {
    return app.add_flag_callback(
        option.names, [&option] { set_option(option, {}); }, option.description);
  }
  // Errors name an option as the user knows it: by its last, long name.
  const std::string name = option.names.substr(option.names.find_last_of(',') + 1);
  const auto callback = [&option, name](const CLI::results_t& values) {
    const std::string problem = set_option(option, values);
    if (!problem.empty()) throw CLI::ValidationError(name, problem);
    return true;
  };
  CLI::Option* added = app.add_option(option.names, callback, option.description);
  added->type_name(option.value_type)->default_str(option.default_text)->required(option.is_required);
  if (option.is_list) added->expected(CLI::detail::expected_max_vector_size);
  if (option.takes_one_each) added->allow_extra_args(false);
  if (option.separator != '\0') added->delimiter(option.separator);
  return added;
}

// All long names of a command's options, and its short ones.
std::vector<std::string> option_names(const Command* command) {
  std::vector<std::string> names{"--help"};
  if (command == nullptr) return {"--help", "--version"};
  for (const Option& option : command->options()) {
    std::istringstream list(option.names);
    for (std::string name; std::getline(list, name, ',');) {
      if (name[0] == '-') names.push_back(name);
    }
  }
  return names;
}

// Carries a command out. The library's errors begin with the field that is wrong, "batch_size: expected ..."; who typed
// the command line knows it as --batch-size.
Action with_option_names(const Command& command) {
  return [run = command.run, names = option_names(&command)] {
    try {
      return run();
    } catch (const Error& error) {
      const std::string_view text = error.what();
      const std::size_t end = std::min(text.find(": "), text.size());
      std::string option = concat("--", text.substr(0, end));
      std::replace(option.begin(), option.end(), '_', '-');
      if (error.code() != ErrorCode::kInvalidArgument || std::count(names.begin(), names.end(), option) == 0) throw;
      throw Error(error.code(), option.append(text.substr(end)));
    }
  };
}

void add_command(CLI::App& app, const Command& command, Action& run) {
  CLI::App& parser = *app.add_subcommand(command.name, command.description);
  std::map<std::string, CLI::Option_group*> groups;
  std::map<const Option*, CLI::Option*> added;
  for (const Option& option : command.options()) {
    CLI::App* place = &parser;
    if (!option.group.empty()) {
      CLI::Option_group*& group = groups[option.group];
      if (group == nullptr) group = parser.add_option_group(option.group);
      group->require_option(1);
      place = group;
    }
    added[&option] = add_option(*place, option);
  }
  for (const Option& option : command.options()) {
    for (const Option* other : option.needed) added.at(&option)->needs(added.at(other));
    for (const Option* other : option.excluded) added.at(&option)->excludes(added.at(other));
  }
  parser.callback([&command, &run] { run = with_option_names(command); });
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  }
  return text;
}

// What is wrong with a word that no command or option took.
std::string complaint_about(const std::string& word, const Command* command, const std::vector<CommandEntry>& commands,
                            const std::vector<std::string>& left_out) {
  const std::string place = command == nullptr ? "" : command->name + ": ";
  if (word.size() > 1 && word[0] == '-') {
    const std::string name = word.substr(0, word.find('='));
    const std::string nearest = did_you_mean(name, option_names(command));
    std::error_code ignored;
    const bool is_file = command != nullptr && (word[1] != '-' || std::filesystem::exists(word, ignored));
    std::string text = concat(place, "unknown option ", in_quotes(name), nearest);
    if (is_file && nearest.empty()) text += concat("; a file of that name is ./", word, ", or stands after --");
    if (command == nullptr && nearest.empty()) text += "; options follow the name of the command";
    return text;
  }
  if (command != nullptr) return concat(place, "unexpected argument ", in_quotes(word));
  std::vector<std::string> known;
  for (const CommandEntry& entry : commands) known.push_back(entry.name);
  if (std::count(left_out.begin(), left_out.end(), word) > 0) {
    return concat(word, ": this build has ", joined(known),
                  " only: cmake --preset release && cmake --build --preset release builds all commands");
  }
  known.insert(known.end(), left_out.begin(), left_out.end());
  const std::string nearest = did_you_mean(word, known);
  return concat("unknown command ", in_quotes(word), nearest.empty() ? "; sharpeye --help lists them" : nearest);
}

}  // namespace

Action parse_command_line(int argc, char** argv, const std::vector<CommandEntry>& commands,
                          const std::vector<std::string>& left_out) {
  CLI::App app("Captions images in two glances (MM-SeR).", "sharpeye");
  app.set_version_flag("--version", SHARPEYE_VERSION_STRING);
  app.require_subcommand(1);
  if (!left_out.empty()) app.footer("Not in this build: " + joined(left_out) + ".");
  std::deque<Command> declared;
  Action run;
  for (const CommandEntry& entry : commands) {
    entry.declare(declared.emplace_back(entry.name));
    add_command(app, declared.back(), run);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version
      std::ostringstream text, ignored;
      app.exit(error, text, ignored);
      return [help = text.str()] {
        write_out(help);
        return kOk;
      };
    }
    // An unknown word is the likeliest cause of anything else that is wrong.
    for (const Command& command : declared) {
      const std::vector<std::string> unknown = app.get_subcommand(command.name)->remaining();
      if (!unknown.empty())
        fail(ErrorCode::kInvalidArgument, complaint_about(unknown.front(), &command, commands, left_out));
    }
    const std::vector<std::string> unknown = app.remaining();
    if (!unknown.empty())
      fail(ErrorCode::kInvalidArgument, complaint_about(unknown.front(), nullptr, commands, left_out));
    fail(ErrorCode::kInvalidArgument, error.what());
  }
  return run;
}

}  // namespace tool
