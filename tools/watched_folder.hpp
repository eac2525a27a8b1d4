#pragma once

/// @file
/// The images that come into a folder.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tool {

/// A folder that is looked at again and again.
class WatchedFolder {
 public:
  /// @param idle_seconds end when nothing new came for so long; 0: never
  WatchedFolder(std::string path, double idle_seconds);

  /// The next image, in the order of the names of those that are there. Waits for it. One that is still being written
  /// is left until its size and time stay the same from one look to the next. One that is written again comes again.
  /// @return nothing when it has been idle for long enough @throws Error kCancelled on Ctrl-C; kFileAccess when the
  /// folder cannot be listed
  std::optional<std::string> next();

 private:
  // Size and time of the last change: what tells one content of a file from another.
  using State = std::pair<std::uint64_t, std::int64_t>;
  struct Seen {
    State state;
    bool is_taken = false;
  };
  void look();

  std::string path_;
  double idle_seconds_;
  std::map<std::string, Seen> seen_;  // the files that are there, and no others
  std::vector<std::string> ready_;    // to be taken from the end
};

}  // namespace tool
