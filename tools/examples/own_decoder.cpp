#include <iostream>

#include "sharpeye/io/image_decoders.hpp"
#include "sharpeye/pipeline/captioner.hpp"

// A decoder of one's own: farbfeld (the signature, width and height of 32 bits, then RGBA of 16 bits each, all of them
// big-endian). All other formats go to the decoders of the library.
class FarbfeldDecoder final : public sharpeye::ImageDecoder {
 public:
  bool can_decode(sharpeye::ImageFormat format) const noexcept override {
    return sharpeye::default_decoder().can_decode(format);
  }
  std::string library() const override { return "farbfeld"; }

  sharpeye::Image decode(std::string_view bytes, std::string_view name,
                         const sharpeye::DecodeOptions& options = {}) const override {
    if (bytes.substr(0, 8) != "farbfeld") return sharpeye::default_decoder().decode(bytes, name, options);
    using sharpeye::ErrorCode;
    sharpeye::require(bytes.size() >= 16, ErrorCode::kFormat, name, ": expected a farbfeld header of 16 bytes");
    const std::uint64_t width = number(bytes, 8), height = number(bytes, 12);
    // Both below 2^32, so that the product cannot overflow; and nothing is allocated before it is checked.
    sharpeye::require(width * height <= options.max_pixels, ErrorCode::kLimit, name, ": expected at most ",
                      options.max_pixels, " pixels, actual ", width, " x ", height);
    sharpeye::require(bytes.size() == 16 + 8 * width * height, ErrorCode::kFormat, name, ": expected ",
                      16 + 8 * width * height, " bytes, actual ", bytes.size());
    sharpeye::Image image(static_cast<sharpeye::Index>(width), static_cast<sharpeye::Index>(height));
    const char* source = bytes.data() + 16;
    for (sharpeye::Index y = 0; y < image.height(); ++y) {
      std::uint8_t* target = image.row(y);
      for (sharpeye::Index x = 0; x < image.width(); ++x, source += 8) {
        for (int channel = 0; channel < 3; ++channel) *target++ = static_cast<std::uint8_t>(source[2 * channel]);
      }
    }
    return image;
  }

 private:
  static std::uint64_t number(std::string_view bytes, std::size_t at) {
    std::uint64_t value = 0;
    for (const char byte : bytes.substr(at, 4)) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  }
};

int main(int argc, char** argv) try {
  if (argc != 3) sharpeye::fail(sharpeye::ErrorCode::kInvalidArgument, "usage: own_decoder MODEL IMAGE");
  sharpeye::ThreadPool threads(sharpeye::ThreadPool::default_size());
  sharpeye::Captioner caption(sharpeye::CaptionModel::load(argv[1]), threads);
  std::cout << caption(sharpeye::read_image(argv[2], FarbfeldDecoder())).refined << "\n";
} catch (const sharpeye::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
