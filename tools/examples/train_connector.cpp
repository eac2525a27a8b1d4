#include <iostream>

#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/io/image_decoders.hpp"
#include "sharpeye/training/caption_stage.hpp"

// Trains the first glance's connector on images with captions (captions.json or captions.jsonl beside them), and leaves
// vision tower and language model as they are. Begun again after an interruption, it goes on where it was.
int main(int argc, char** argv) try {
  if (argc < 4)
    sharpeye::fail(sharpeye::ErrorCode::kInvalidArgument, "usage: train_connector DATA MODEL OUTPUT [STEPS]");
  sharpeye::training::StageOptions options;
  options.stage = "connector";
  options.data = argv[1];
  options.model = argv[2];
  options.trainer.output = argv[3];
  options.trainer.optimization.steps = argc > 4 ? std::atoi(argv[4]) : 1000;
  options.trainer.optimization.batch_size = 4;
  options.trainer.optimization.learning_rate = 2e-3;
  options.threads = sharpeye::ThreadPool::default_size();
  options.load_image = [](const std::string& path) { return sharpeye::read_image(path, sharpeye::default_decoder()); };

  double first = 0, last = 0;
  sharpeye::training::TrainingEvents events;
  events.on_step = [&](const sharpeye::training::TrainingStep& step) {
    (step.step == 1 ? first : last) = step.loss;
    if (step.step % 100 == 0) std::cout << step.step << " of " << step.of_steps << ": loss " << step.loss << std::endl;
  };
  sharpeye::training::train_captions(options, events);
  std::cout << "loss " << first << " -> " << last << ", written to " << argv[3] << "\n";
  return last < first ? 0 : 1;
} catch (const sharpeye::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
