#pragma once

/// @file
/// The images of a run, found again by the lines that were written of them.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/io/json.hpp"

namespace tool {

/// A part of the images: every n-th, from the i-th on.
struct Shard {
  std::size_t index = 1, count = 1;

  /// "2/8". @return what is wrong with the text; empty when nothing is
  static std::string parse(const std::string& text, Shard& shard);
  /// Leaves only its names.
  void apply(std::vector<std::string>& names) const;
};

/// Names in the order of a run, and the place of each. Four bytes a name beside the names themselves.
class NameIndex {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  /// Names that occur again are left out. @param names must outlive the index
  explicit NameIndex(std::vector<std::string>& names);

  /// The place of the image that a line is about; kNone if it is none of them. @throws JsonError for other lines
  std::size_t find(const sharpeye::Json& line) const;

 private:
  const std::vector<std::string>& names_;
  std::vector<std::uint32_t> by_key_;
};

/// The members "image", and "image_base64" where the name is no UTF-8.
void put_name(sharpeye::Json& line, const std::string& name);

}  // namespace tool
