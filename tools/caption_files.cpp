#include "tools/caption_files.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "sharpeye/core/file.hpp"
#include "sharpeye/io/line_log.hpp"
#include "tools/terminal.hpp"

namespace tool {
namespace {

std::optional<std::uint64_t> coco_id(const std::string& name) {
  const std::size_t begin = name.rfind('/') == name.npos ? 0 : name.rfind('/') + 1;
  std::size_t end = name.rfind('.');
  if (end == name.npos || end < begin) end = name.size();
  std::size_t first = end;
  while (first > begin && name[first - 1] >= '0' && name[first - 1] <= '9') --first;
  std::uint64_t id = 0;
  const auto [stop, error] = std::from_chars(name.data() + first, name.data() + end, id);
  const bool fits = first < end && error == std::errc() && id < std::uint64_t{1} << 53;  // as JSON's readers do
  return fits ? std::optional(id) : std::nullopt;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string text_at(const Json& line, std::initializer_list<const char*> keys) {
  const Json* value = &line;
  for (const char* key : keys) {
    value = value->find(key);
    if (value == nullptr) return "";
  }
  return value->is_null() ? "" : value->is_text() ? value->get<std::string>() : value->dump();
}

std::string csv_row(const Json& line) {
  std::string row;
  for (const std::string& field :
       {text_at(line, {"image"}), text_at(line, {"image_base64"}), text_at(line, {"initial"}),
        text_at(line, {"refined"}), text_at(line, {"confidence", "initial"}), text_at(line, {"confidence", "refined"}),
        text_at(line, {"rounds"}), text_at(line, {"error"})}) {
    row += (row.empty() ? "" : ",") + csv_field(field);
  }
  return row + "\n";
}

}  // namespace

CaptionFormat caption_format(const std::string& name) {
  return name == "csv" ? CaptionFormat::kCsv : name == "coco" ? CaptionFormat::kCoco : CaptionFormat::kLines;
}

std::size_t find_line(std::string_view text, const std::string& where, const NameIndex& index, Json& line) {
  try {
    line = parse_json(text, where);
    require(line.contains("refined") || line.contains("error"), ErrorCode::kFormat, where,
            ": expected a line of sharpeye caption, with \"refined\" or \"error\"");
    return index.find(line);
  } catch (const JsonError& error) {
    fail(ErrorCode::kFormat, where, ": expected a line of sharpeye caption: ", error.what());
  }
}

void write_captions(const std::string& path, CaptionFormat format, const std::vector<std::string>& files) {
  AtomicFile out(path);
  std::size_t left_out = 0;
  bool is_first = true;
  if (format == CaptionFormat::kCsv) {
    out.write("image,image_base64,initial,refined,initial_confidence,refined_confidence,rounds,error\n");
  }
  if (format == CaptionFormat::kCoco) out.write("[");
  for (const std::string& file : files) {
    for_each_line(File(file), [&](std::string_view text, std::uint64_t, std::uint64_t number) {
      const Json line = parse_json(text, concat(file, ": line ", number));
      if (format == CaptionFormat::kCsv) {
        out.write(csv_row(line));
      } else if (line.contains("error")) {
        ++left_out;
      } else {
        const std::string name = text_at(line, {"image"});
        const auto id = coco_id(name);
        require(id.has_value(), ErrorCode::kInvalidArgument, in_quotes(name),
                ": expected digits at the end of the name, which are COCO's image_id");
        out.write(
            concat(is_first ? "\n" : ",\n", Json{{"image_id", *id}, {"caption", text_at(line, {"refined"})}}.dump()));
        is_first = false;
      }
    });
  }
  if (format == CaptionFormat::kCoco) out.write("\n]\n");
  out.commit();
  if (left_out > 0) report(concat(path, ": left out ", left_out, " images that failed"));
}

void check_coco_ids(const std::vector<std::string>& names) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> ids;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto id = coco_id(names[i]);
    require(id.has_value(), ErrorCode::kInvalidArgument, "--format coco: ", in_quotes(names[i]),
            ": expected digits at the end of the name, which are COCO's image_id");
    ids.push_back({*id, static_cast<std::uint32_t>(i)});
  }
  std::sort(ids.begin(), ids.end());
  for (std::size_t i = 1; i < ids.size(); ++i) {
    require(ids[i].first != ids[i - 1].first, ErrorCode::kInvalidArgument,
            "--format coco: expected a number for each image, actual ", ids[i].first, " of ",
            in_quotes(names[ids[i - 1].second]), " and ", in_quotes(names[ids[i].second]));
  }
}

}  // namespace tool
