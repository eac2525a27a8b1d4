#include <iostream>

#include "sharpeye/io/stb_image_decoder.hpp"
#include "sharpeye/sharpeye.hpp"

int main(int argc, char** argv) try {
  if (argc != 3) sharpeye::fail(sharpeye::ErrorCode::kInvalidArgument, "usage: caption_image MODEL IMAGE");
  sharpeye::ThreadPool threads(sharpeye::ThreadPool::default_size());
  sharpeye::Captioner caption(sharpeye::CaptionModel::load(argv[1]), threads);
  const sharpeye::Caption result = caption(sharpeye::read_image(argv[2], sharpeye::StbImageDecoder()));
  std::cout << "initial: " << result.initial << "\nrefined: " << result.refined << "\n";
} catch (const sharpeye::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
