#pragma once

/// @file
/// The options of `sharpeye caption`.

#include <optional>
#include <string>
#include <vector>

#include "sharpeye/pipeline/captioner.hpp"
#include "tools/images.hpp"
#include "tools/name_index.hpp"
#include "tools/options.hpp"
#include "tools/session.hpp"

namespace tool {

/// The options of one call of `sharpeye caption`.
struct CaptionCommand {
  SessionOptions session;
  ImageArguments images;
  Shard shard;
  std::string part, out, format = "jsonl";
  bool json = false, stream = false, sample = false, no_draft = false;
  std::optional<int> glances;
  std::optional<Index> rounds, beams, max_new_tokens, top_k;
  std::optional<double> temperature, top_p, min_confidence, visual_token_share;
  double first_share = 0;
  std::optional<std::uint64_t> seed;
  std::optional<std::string> prompt;
  std::optional<Index> deadline_ms;
  int parallel = 1;
  std::string ablation = "none";

  /// Whether the captions go into files, not to stdout.
  bool writes_files() const { return (!out.empty() && !writes_lines()) || format == "sidecar"; }
  /// Whether --out's lines go to stdout.
  bool writes_lines() const { return out == "-"; }
  /// Declares the options that set this.
  void add_to(Command& command);
  /// @throws Error kInvalidArgument where options contradict each other or the model
  CaptionOptions options(const CaptionModel& model) const;
};

}  // namespace tool
