#include <chrono>
#include <cstdint>
#include <iostream>
#include <vector>

#include "sharpeye/sharpeye.hpp"

int main(int argc, char** argv) try {
  if (argc != 2) sharpeye::fail(sharpeye::ErrorCode::kInvalidArgument, "usage: caption_frame MODEL");
  sharpeye::ThreadPool threads(2);
  sharpeye::Captioner caption(sharpeye::CaptionModel::load(argv[1]), threads);
  std::vector<std::uint8_t> camera(640 * 480 * 3, 127);  // a frame as OpenCV has it: BGR, row after row
  sharpeye::CaptionOptions options;
  options.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(2);  // else: the initial caption
  std::cout << caption({camera.data(), 640, 480, 640 * 3, sharpeye::PixelFormat::kBgr}, options).refined << "\n";
} catch (const sharpeye::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
