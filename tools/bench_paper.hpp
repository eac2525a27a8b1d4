#pragma once

/// @file
/// `sharpeye bench --paper`: the paper's models side by side on this machine.

namespace tool {

/// Makes each model with random weights in a temporary folder, measures it in a process of its own, removes it, and
/// prints a table: bytes of weights, peak memory, time of a caption, and how many times that of MM-SeR.
/// @param new_tokens that each glance writes @return an ExitCode @throws Error kCancelled, kFileAccess
int bench_paper(int threads, long long new_tokens, long long repeat, bool json);

}  // namespace tool
