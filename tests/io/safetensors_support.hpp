#pragma once

// Shared by the tests of safetensors files and folders: headers from pieces, cases of bad ones.

#include <string>
#include <vector>

#include "io_support.hpp"
#include "sharpeye/io/stored_tensor.hpp"

namespace test {

/// One tensor of a header: shape and offsets as JSON.
inline std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                         const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

inline std::vector<float> floats(const sharpeye::StoredTensor& tensor) {
  std::vector<float> values(static_cast<std::size_t>(tensor.size()));
  tensor.copy_to(values.data());
  return values;
}

/// Bytes, or the inside of a weight_map, and the error that is expected.
struct SafetensorsCase {
  const char* name;
  std::string bytes;
  sharpeye::ErrorCode code;
  std::string message;
};

}  // namespace test
