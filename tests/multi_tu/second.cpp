#include "user.hpp"

std::string describe(const sharpeye::Caption& caption) {
  return caption.initial + " -> " + caption.refined;
}

Entities entities_there(const sharpeye::Caption&) {
  return entities_here();
}
