#include <iostream>

#include "user.hpp"

int main() {
  sharpeye::Caption caption;
  caption.initial = "a cat";
  caption.refined = "a black cat on a chair";
  const bool agree = entities_here() == entities_there(caption);
  std::cout << describe(caption) << (agree ? ": both source files agree" : ": the source files differ") << "\n";
  return agree ? 0 : 1;
}
