#include <iostream>
#include <opencv2/videoio.hpp>

#include "sharpeye/sharpeye.hpp"

// Captions a camera (0, 1, ...), a video or an image: opencv_camera MODEL SOURCE [FRAMES]
int main(int argc, char** argv) try {
  if (argc < 3) sharpeye::fail(sharpeye::ErrorCode::kInvalidArgument, "usage: opencv_camera MODEL SOURCE [FRAMES]");
  sharpeye::ThreadPool threads(sharpeye::ThreadPool::default_size());
  sharpeye::Captioner caption(sharpeye::CaptionModel::load(argv[1]), threads);
  const std::string source = argv[2];
  cv::VideoCapture camera;
  if (source.size() == 1) {
    camera.open(source[0] - '0');
    camera.set(cv::CAP_PROP_BUFFERSIZE, 1);  // the newest frame, not one that has waited for the last caption
  } else {
    camera.open(source);
  }
  cv::Mat frame;  // BGR, 8 bits, rows perhaps with a gap between them
  const int frames = argc > 3 ? std::atoi(argv[3]) : -1;
  int count = 0;
  for (; count != frames && camera.read(frame) && frame.type() == CV_8UC3; ++count) {
    const sharpeye::ImageView view{frame.data, frame.cols, frame.rows, static_cast<sharpeye::Index>(frame.step),
                                   sharpeye::PixelFormat::kBgr};
    std::cout << caption(view).refined << std::endl;
  }
  if (count == 0) sharpeye::fail(sharpeye::ErrorCode::kFileAccess, source, ": expected frames, actual none");
} catch (const sharpeye::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
