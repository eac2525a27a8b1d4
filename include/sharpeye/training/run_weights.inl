#pragma once

/// @file
/// Bodies of run_weights.hpp.

#include "sharpeye/training/run_weights.hpp"

#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/training/parameters.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

SHARPEYE_BODY std::shared_ptr<MemorySource> initial_weights(const std::string& folder, bool tied_head,
                                                            const std::vector<TensorDeclaration>& declared,
                                                            std::uint64_t seed) {
  const std::shared_ptr<const TensorSource> source_file = open_model_weights(folder);
  const TensorSource& stored = *source_file;
  require_plain(stored);
  auto source = std::make_shared<MemorySource>();
  for (const std::string& name : stored.names()) {
    // A copy of the token table would no longer be one after the first step.
    const bool is_head = name.find("language_model.lm_head.") != std::string::npos;
    if (!is_head || !tied_head) source->add(stored.read(name));
  }
  for (const TensorDeclaration& tensor : declared) {
    if (source->find(tensor.name) == nullptr) source->add(tensor.name, tensor.shape, initial_values(tensor, seed));
  }
  return source;
}

SHARPEYE_BODY MemorySource current_weights(const MemorySource& source, const Parameters<float>& parameters) {
  MemorySource current;
  for (const std::string& name : source.names()) current.add(source.read(name));
  for (const auto& parameter : parameters.all()) current.add(parameter->name, parameter->shape, parameter->values);
  return current;
}

}  // namespace training
SHARPEYE_NAMESPACE_END
