#include "tools/listed_names.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sharpeye/core/error.hpp"
#include "tools/terminal.hpp"

namespace tool {

using namespace sharpeye;

namespace {

constexpr std::size_t kLongestName = std::size_t{1} << 20;

}  // namespace

std::vector<std::string> ListedNames::next(std::size_t most) {
  std::vector<std::string> names;
  for (;;) {
    take(names, most);
    if (!names.empty() || is_at_end_) return names;
    require(bytes_.size() - begin_ <= kLongestName, ErrorCode::kLimit, "--list: expected names of at most ",
            kLongestName, " bytes");
    bytes_.erase(0, begin_);
    begin_ = 0;
    char buffer[1 << 16];
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    require(!is_interrupted(), ErrorCode::kCancelled, "-: cancelled");
    if (got < 0 && errno == EINTR) continue;
    require(got >= 0, ErrorCode::kFileAccess, "-: cannot read: ", std::strerror(errno));
    if (got == 0) {
      is_at_end_ = true;
    } else {
      bytes_.append(buffer, static_cast<std::size_t>(got));
    }
  }
}

void ListedNames::take(std::vector<std::string>& names, std::size_t most) {
  while (names.size() < most && begin_ < bytes_.size()) {
    std::size_t end = bytes_.find(mark_, begin_);
    if (end == bytes_.npos) {
      if (!is_at_end_) return;
      end = bytes_.size();
    }
    if (end > begin_) names.push_back(bytes_.substr(begin_, end - begin_));
    begin_ = end + 1;
  }
}

}  // namespace tool
