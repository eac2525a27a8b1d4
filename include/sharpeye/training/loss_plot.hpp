#pragma once

/// @file
/// The losses of a run as a picture.

#include <string>
#include <vector>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// An SVG of each step's loss, and of their moving average; empty without losses.
std::string loss_plot(const std::vector<double>& losses);

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/loss_plot.inl"
#endif
