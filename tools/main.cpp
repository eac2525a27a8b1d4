/// @file
/// The `sharpeye` command.

#include <csignal>
#include <exception>
#include <new>

#include "tools/commands.hpp"
#include "tools/terminal.hpp"

int main(int argc, char** argv) try {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is an error of write(), see OutputError
  return tool::parse_command_line(argc, argv, tool::kCommands, tool::kCommandsLeftOut)();
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
