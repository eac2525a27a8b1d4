// libFuzzer: the safetensors header parser on the input as a whole file. An accepted header must keep its promises.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sharpeye/io/safetensors_header.hpp"

using namespace sharpeye;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const SafetensorsHeader header = parse_safetensors_header(bytes, size, "fuzz");
    std::uint64_t total = 0;
    for (const TensorInfo& tensor : header.tensors) {
      if (tensor.begin > tensor.end || tensor.end > size - header.data_begin) std::abort();
      total += tensor.end - tensor.begin;
    }
    if (header.data_begin + total != size) std::abort();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kFormat && error.code() != ErrorCode::kLimit) std::abort();
  }
  return 0;
}
