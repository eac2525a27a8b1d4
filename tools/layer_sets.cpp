#include "tools/layer_sets.hpp"

#include <algorithm>

namespace tool {

Option& add_layer_sets(Command& command, std::vector<std::string>& sets, const char* description) {
  return command.texts("--layers", sets, description).type("N,N...").one_each();
}

std::vector<Index> parse_layers(const std::string& text) {
  std::vector<Index> layers;
  for (std::size_t begin = 0, end = 0; begin <= text.size(); begin = end + 1) {
    end = std::min(text.find(',', begin), text.size());
    require(detail::read_number<Index>(text.substr(begin, end - begin), 0, 1000, layers.emplace_back()),
            ErrorCode::kInvalidArgument, "--layers: expected numbers of layers, such as 2,4,5; actual ",
            in_quotes(text));
  }
  return layers;
}

std::string name_with(std::string prefix, const std::vector<Index>& layers) {
  for (const Index layer : layers) prefix += concat('_', layer);
  return prefix;
}

}  // namespace tool
