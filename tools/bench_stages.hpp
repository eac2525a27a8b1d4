#pragma once

/// @file
/// The time of each stage of a caption, and the least time that this machine would need for it.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/session.hpp"

namespace tool {

/// What to measure.
struct StageRun {
  std::string image;  ///< empty: a drawn one
  Index repeat = 5;
  Index new_tokens = 20;  ///< that each glance writes
  std::optional<Index> beams;
  std::optional<double> visual_token_share;  ///< CaptionOptions::visual_token_share
  bool draft = false;                        ///< greedy second glances whose draft turns out to be right
};

/// Medians over the repetitions.
struct MeasuredStages {
  std::map<std::string, double> milliseconds, limits;  ///< by stage; "one_glance" and "two_glances" are there too
  double peak = 0;                                     ///< GFLOP/s
  double bandwidth = 0;                                ///< GB/s
  double decode_step = 0;                              ///< one token of the first glance
  double decode_step_limit = 0;                        ///< of reading weights, keys and values
  double weights_limit = 0;                            ///< of reading the weights alone
  double weights_mb = 0, cache_mb = 0;                 ///< that one token reads, on average
  double peak_memory_mib = 0;
};

/// The stages and both sums, in the order of the network.
const std::vector<std::string>& stage_names();

/// @param options those of the session @throws Error; kCancelled on Ctrl-C
MeasuredStages measure_stages(const StageRun& run, const SessionOptions& options, Session& session);

}  // namespace tool
