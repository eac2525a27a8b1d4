/// @file
/// The `sharpeye` command.

#include <csignal>
#include <exception>

#include "sharpeye/core/error.hpp"
#include "tools/commands.hpp"

int main(int argc, char** argv) try {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is an error of write(), see OutputError
  CLI::App app("Captions images in two glances (MM-SeR).", "sharpeye");
  app.set_version_flag("--version", SHARPEYE_VERSION_STRING);
  app.require_subcommand(1);
  tool::Action run;
  tool::add_caption(app, run);
  tool::add_init(app, run);
  tool::add_dump(app, run);
  tool::add_tokenize(app, run);
  tool::add_train_tokenizer(app, run);
  tool::add_info(app, run);
  tool::add_probe(app, run);
  tool::add_quantize(app, run);
  tool::add_pack(app, run);
  tool::add_bench(app, run);
  tool::add_eval(app, run);
  tool::add_rates(app, run);
  tool::add_scenes(app, run);
  tool::add_train(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    tool::report(error.what());
    return tool::kFailed;
  }
  return run();
} catch (const tool::OutputError& error) {
  if (error.is_closed()) return tool::kOk;
  tool::report(error.what());
  return tool::kInputFailed;
} catch (const sharpeye::Error& error) {
  if (error.code() == sharpeye::ErrorCode::kCancelled) return tool::kInterrupted;
  tool::report(error.what());
  return tool::kFailed;
} catch (const std::bad_alloc&) {
  tool::report("out of memory");
  return tool::kFailed;
} catch (const std::exception& error) {
  tool::report(error.what());
  return tool::kFailed;
}
