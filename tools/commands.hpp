#pragma once

/// @file
/// The subcommands. Each add_* declares its options and, when it is the one that was given, sets `run`.

#include <CLI/CLI.hpp>
#include <functional>

#include "tools/terminal.hpp"

namespace tool {

/// Carries out the command line. @return an ExitCode @throws Error (a failure of the whole command), OutputError
using Action = std::function<int()>;

void add_bench(CLI::App& app, Action& run);
void add_caption(CLI::App& app, Action& run);
void add_init(CLI::App& app, Action& run);
void add_dump(CLI::App& app, Action& run);
void add_tokenize(CLI::App& app, Action& run);
void add_train_tokenizer(CLI::App& app, Action& run);
void add_info(CLI::App& app, Action& run);
void add_pack(CLI::App& app, Action& run);
void add_probe(CLI::App& app, Action& run);
void add_eval(CLI::App& app, Action& run);
void add_quantize(CLI::App& app, Action& run);
void add_rates(CLI::App& app, Action& run);
void add_scenes(CLI::App& app, Action& run);
void add_train(CLI::App& app, Action& run);

}  // namespace tool
