#include <iostream>

#include "sharpeye/io/image_decoders.hpp"
#include "sharpeye/pipeline/captioner.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return 2;  // MODEL IMAGE
  sharpeye::ThreadPool threads(sharpeye::ThreadPool::default_size());
  sharpeye::Captioner caption(sharpeye::CaptionModel::load(argv[1]), threads);
  const sharpeye::Caption result = caption(sharpeye::read_image(argv[2], sharpeye::default_decoder()));
  std::cout << "initial: " << result.initial << "\nrefined: " << result.refined << "\n";
}
