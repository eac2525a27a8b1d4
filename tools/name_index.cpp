#include "tools/name_index.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "sharpeye/core/utf8.hpp"
#include "sharpeye/core/words.hpp"
#include "tools/base64.hpp"

namespace tool {

using namespace sharpeye;

namespace {

// What tells names apart in JSON: the name, or its base64 after a byte that no UTF-8 has.
std::string key_of(const std::string& name) {
  return is_utf8(name) ? name : "\xff" + to_base64(name);
}

}  // namespace

std::string Shard::parse(const std::string& text, Shard& shard) {
  const auto slash = text.find('/');
  const auto read = [&](std::size_t begin, std::size_t end, std::size_t& value) {
    const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, value);
    return error == std::errc() && stop == text.data() + end;
  };
  Shard result;
  if (slash != text.npos && read(0, slash, result.index) && read(slash + 1, text.size(), result.count) &&
      result.index >= 1 && result.index <= result.count && result.count <= 1'000'000) {
    shard = result;
    return "";
  }
  return concat("expected a part such as 1/4, 2/4, 3/4 or 4/4, actual ", in_quotes(text));
}

void Shard::apply(std::vector<std::string>& names) const {
  std::size_t kept = 0;
  for (std::size_t i = index - 1; i < names.size(); i += count) {
    if (kept != i) names[kept] = std::move(names[i]);
    ++kept;
  }
  names.resize(kept);
}

NameIndex::NameIndex(std::vector<std::string>& names) : names_(names) {
  require(names.size() < (std::size_t{1} << 32), ErrorCode::kLimit, "images: expected less than 2^32, actual ",
          names.size());
  const auto sort = [&] {
    by_key_.resize(names.size());
    std::iota(by_key_.begin(), by_key_.end(), 0u);
    std::sort(by_key_.begin(), by_key_.end(), [&](std::uint32_t a, std::uint32_t b) {
      const std::string &left = names[a], &right = names[b];
      const int order = is_utf8(left) && is_utf8(right) ? left.compare(right) : key_of(left).compare(key_of(right));
      return order < 0 || (order == 0 && a < b);
    });
  };
  sort();
  std::vector<bool> is_again(names.size());
  std::size_t again = 0;
  for (std::size_t i = 1; i < by_key_.size(); ++i) {
    if (names[by_key_[i]] != names[by_key_[i - 1]]) continue;
    is_again[by_key_[i]] = true;
    ++again;
  }
  if (again == 0) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (is_again[i]) continue;
    if (kept != i) names[kept] = std::move(names[i]);
    ++kept;
  }
  names.resize(kept);
  sort();
}

std::size_t NameIndex::find(const Json& line) const {
  const Json* encoded = line.find("image_base64");
  const std::string key =
      encoded != nullptr ? "\xff" + encoded->get<std::string>() : line.at("image").get<std::string>();
  const auto place =
      std::lower_bound(by_key_.begin(), by_key_.end(), key,
                       [&](std::uint32_t a, const std::string& value) { return key_of(names_[a]) < value; });
  return place != by_key_.end() && key_of(names_[*place]) == key ? *place : kNone;
}

void put_name(Json& line, const std::string& name) {
  line["image"] = name;
  if (!is_utf8(name)) line["image_base64"] = to_base64(name);
}

}  // namespace tool
