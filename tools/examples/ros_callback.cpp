#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "sharpeye/sharpeye.hpp"

// The members of ROS's sensor_msgs/Image that matter here.
struct ImageMessage {
  std::uint32_t height, width;
  std::string encoding;  // "rgb8", "bgr8", "rgba8", "bgra8", "mono8"
  std::uint32_t step;    // bytes from one row to the next
  std::vector<std::uint8_t> data;
};

// In a node: create_subscription<sensor_msgs::msg::Image>("image", rclcpp::SensorDataQoS().keep_last(1), ...), so that
// frames that come while one is captioned are dropped, not queued.
class CaptionNode {
 public:
  explicit CaptionNode(const std::string& model) : caption_(sharpeye::CaptionModel::load(model), threads_) {}

  // Says the initial caption at once, and the refined one if there is time for it.
  void on_image(const ImageMessage& message) {
    sharpeye::CaptionOptions options;
    options.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
    options.on_initial = [&](const sharpeye::Caption& so_far) { publish("initial", so_far.initial); };
    const sharpeye::Caption caption = caption_(view_of(message), options);
    if (caption.rounds > 0) publish("refined", caption.refined);
  }

 private:
  static sharpeye::ImageView view_of(const ImageMessage& message) {
    using sharpeye::PixelFormat;
    const std::string& name = message.encoding;
    const PixelFormat format = name == "rgb8"    ? PixelFormat::kRgb
                               : name == "bgr8"  ? PixelFormat::kBgr
                               : name == "rgba8" ? PixelFormat::kRgba
                               : name == "bgra8" ? PixelFormat::kBgra
                                                 : PixelFormat::kGray;
    sharpeye::require(format != PixelFormat::kGray || name == "mono8", sharpeye::ErrorCode::kUnsupported,
                      "image: expected 8 bits a channel, actual ", name);
    return {message.data.data(), message.width, message.height, message.step, format};
  }

  static void publish(const char* topic, const std::string& text) { std::cout << topic << ": " << text << std::endl; }

  sharpeye::ThreadPool threads_{2};
  sharpeye::Captioner caption_;
};

int main(int argc, char** argv) try {
  if (argc != 2) sharpeye::fail(sharpeye::ErrorCode::kInvalidArgument, "usage: ros_callback MODEL");
  const std::vector<std::uint8_t> pixels(480 * 640 * 3, 127);
  CaptionNode(argv[1]).on_image({480, 640, "bgr8", 640 * 3, pixels});
} catch (const sharpeye::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
