#pragma once

/// @file
/// Names of the choices in configurations. For .inl files.

#include "sharpeye/io/config_fields.hpp"
#include "sharpeye/models/config_limits.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The activations as Hugging Face names them; simd/activations.hpp lists them.
inline Names<Activation> activation_names() {
  Names<Activation> names;
  for (const Activation activation : simd::kAllActivations) {
    if (activation != Activation::kNone) names.emplace_back(activation, simd::to_string(activation));
  }
  return names;
}

SHARPEYE_NAMESPACE_END
