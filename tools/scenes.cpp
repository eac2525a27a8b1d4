/// @file
/// `sharpeye scenes`: a data set of painted scenes with captions.

#include <cstdio>
#include <exception>
#include <filesystem>
#include <mutex>

#include "sharpeye/core/file.hpp"
#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/io/stb_png_writer.hpp"
#include "sharpeye/training/scenes/captions.hpp"
#include "sharpeye/training/scenes/make_scene.hpp"
#include "sharpeye/training/scenes/renderer.hpp"
#include "sharpeye/training/scenes/scene_json.hpp"
#include "tools/options.hpp"
#include "tools/terminal.hpp"

namespace tool {
namespace {

namespace scenes = training::scenes;

struct ScenesCommand {
  Index count = 0, size = 64;
  std::uint64_t seed = 0;
  std::string folder, split = "train";
  bool lone = false;
  int threads = ThreadPool::default_size();
  bool force = false;
};

/// One scene as it goes into the files.
struct Made {
  Json truth;
  scenes::Captions captions;
};

std::string file_name_of(Index index) {
  char name[32];
  std::snprintf(name, sizeof name, "images/%06lld.png", static_cast<long long>(index));
  return name;
}

Made make(const ScenesCommand& command, scenes::Split split, Index index) {
  require(!is_interrupted(), ErrorCode::kCancelled, "scenes: cancelled");
  const scenes::Scene scene = scenes::make_scene(split, command.seed, index,
                                                 command.lone ? scenes::SceneKind::kLone : scenes::SceneKind::kRelated);
  write_png(command.folder + "/" + file_name_of(index), scenes::render(scene, command.size));
  return {scenes::to_json(scene, command.size), scenes::make_captions(scene)};
}

std::vector<Made> make_all(const ScenesCommand& command) {
  const scenes::Split split = command.split == "train" ? scenes::Split::kTrain
                              : command.split == "val" ? scenes::Split::kVal
                                                       : scenes::Split::kTest;
  std::vector<Made> all(static_cast<std::size_t>(command.count));
  std::mutex mutex;
  std::exception_ptr first_error;
  ThreadPool pool(command.threads);
  pool.parallel_for(command.count, [&](Index index) {
    try {
      all[static_cast<std::size_t>(index)] = make(command, split, index);
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex);
      if (!first_error) first_error = std::current_exception();
    }
  });
  if (first_error) std::rethrow_exception(first_error);
  return all;
}

void write_json(const std::string& path, const Json& json) {
  write_file(path, json.dump() + "\n");
}

/// COCO's caption format; `kind` chooses the captions.
void write_captions(const ScenesCommand& command, const char* file, const std::vector<Made>& all,
                    std::vector<std::string> scenes::Captions::*kind) {
  Json images = Json::list(), annotations = Json::list();
  for (std::size_t i = 0; i < all.size(); ++i) {
    images.push_back({{"id", i},
                      {"file_name", file_name_of(static_cast<Index>(i))},
                      {"width", command.size},
                      {"height", command.size}});
    for (const std::string& caption : all[i].captions.*kind)
      annotations.push_back({{"id", annotations.size()}, {"image_id", i}, {"caption", caption}});
  }
  write_json(command.folder + "/" + file, {{"images", std::move(images)}, {"annotations", std::move(annotations)}});
}

int run_scenes(const ScenesCommand& command) {
  namespace fs = std::filesystem;
  require(command.force || !fs::exists(command.folder) || fs::is_empty(command.folder), ErrorCode::kInvalidArgument,
          command.folder, ": expected an empty directory or a new one; --force writes into it");
  catch_interrupts();
  fs::create_directories(command.folder + "/images");
  fs::remove(command.folder + "/captions.json");  // it comes back last: a directory that has one is complete

  std::vector<Made> all = make_all(command);
  write_captions(command, "detailed.json", all, &scenes::Captions::detailed);
  write_captions(command, "coarse.json", all, &scenes::Captions::coarse);
  Json truth = Json::list();
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].truth["id"] = i;
    all[i].truth["file_name"] = file_name_of(static_cast<Index>(i));
    truth.push_back(std::move(all[i].truth));
  }
  write_json(command.folder + "/scenes.json",
             {{"split", command.split}, {"seed", command.seed}, {"size", command.size}, {"scenes", std::move(truth)}});
  write_json(command.folder + "/lexicon.json", scenes::lexicon());
  write_captions(command, "captions.json", all, &scenes::Captions::single);
  return kOk;
}

}  // namespace

void add_scenes(Command& command) {
  const auto options = std::make_shared<ScenesCommand>();
  command.description = "Make a data set of painted scenes with captions";
  command.number("--count", options->count, 1, 1'000'000, "How many").required();
  command.seed(options->seed, "Of the scenes");
  command.text("-o,--output", options->folder, "The directory to make").type("DIR").required();
  command.number("--size", options->size, 16, 1024, "Side of the pictures in pixels");
  command.text("--split", options->split, "Disjoint from the others; only train leaves combinations out")
      .one_of({"train", "val", "test"});
  command.flag("--lone", options->lone, "One thing in each, instead of two or three");
  command.number("--threads", options->threads, 1, ThreadPool::kMaxThreads, "The result is the same for any number");
  command.flag("--force", options->force, "Write into a directory that is not empty");
  command.run = [options] { return run_scenes(*options); };
}

}  // namespace tool
