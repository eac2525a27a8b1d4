#pragma once

#include <fstream>
#include <string>

namespace support {

/// The memory that this process holds, in KiB; 0 where the system does not say.
inline long resident_kib() {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;) {
    long value = 0;
    if (word == "VmRSS:" && file >> value) return value;
  }
  return 0;
}

}  // namespace support
