// Captions as a part of a pipe: caption --out -, whose lines are those of a file.

#include <filesystem>

#include "run_command.hpp"

using test::run;
using test::world;

namespace {

std::vector<std::string> caption(std::vector<std::string> arguments) {
  const std::vector<std::string> front{"caption", "--model", world().model(), "--max-new-tokens", "3", "--out"};
  arguments.insert(arguments.begin(), front.begin(), front.end());
  return arguments;
}

/// Five images, one of them broken and one with a name that is no UTF-8 and has a line end.
struct Images {
  Images() {
    for (const char* name : {"1.ppm", "2.ppm", "caf\xe9\n.ppm", "4.ppm"})
      test::write_image(folder / name, 9, 8, ++seed);
    test::write_text(folder / "3.ppm", "no image");
    for (const char* name : {"4.ppm", "1.ppm", "3.ppm", "caf\xe9\n.ppm", "2.ppm"}) names.push_back(folder / name);
  }
  std::string list(char mark) const {
    std::string text;
    for (const std::string& name : names) text += name + mark;
    return text;
  }
  // What a run with --out FILE writes.
  std::string whole() const {
    test::write_text(folder / "list", list('\0'));
    CHECK(run(caption({folder / "whole", "--null", "--list", folder / "list"})).exit_code == 1);
    return test::read_text(folder / "whole");
  }

  test::TemporaryFolder folder;
  unsigned seed = 0;
  std::vector<std::string> names;
};

}  // namespace

TEST_CASE("--out - prints what --out FILE writes, for names of arguments, a list and stdin") {
  const Images images;
  const std::string whole = images.whole();
  CHECK(test::lines_of(whole).size() == 5);
  for (const char* parallel : {"1", "2", "3"}) {
    CAPTURE(parallel);
    const auto piped = run(caption({"-", "--null", "--list", "-", "--parallel", parallel}), images.list('\0'));
    CHECK(piped.exit_code == 1);
    CHECK(piped.out == whole);
    CHECK(piped.err.find("3.ppm: expected a JPEG") != std::string::npos);
  }
  CHECK(run(caption({"-", "--null", "--list", images.folder / "list"})).out == whole);
  std::vector<std::string> named = caption({"-"});
  named.insert(named.end(), images.names.begin(), images.names.end());
  CHECK(run(named).out == whole);
  // Arguments first, then stdin.
  std::string rest = images.list('\0');
  rest.pop_back();  // the last name may go without
  rest.erase(0, images.names[0].size() + 1);
  CHECK(run(caption({"-", images.names[0], "--null", "--list", "-"}), rest).out == whole);
  CHECK(!std::filesystem::exists("-"));
}

TEST_CASE("a line comes as soon as its name is there, one for each name, empty ones left out") {
  const Images images;
  const std::string folder = images.folder / "";
  const std::string command = test::command_line(caption({"-", "--list", "-"}));
  const auto spoken = test::run_shell(
      "cd " + test::quoted(folder) + "; mkfifo in out; timeout 60 " + command +
      " <in >out & exec 3>in 4<out; for name in 1.ppm 2.ppm 1.ppm no.ppm; do echo; echo $name; done >names; "
      "while read -r name; do printf '%s\\n' \"$name\" >&3; [ -z \"$name\" ] || { read -r line <&4; echo \"$line\"; }; "
      "done <names; exec 3>&-; cat <&4; wait $!");
  CHECK(spoken.exit_code == 1);
  const auto lines = test::lines_of(spoken.out);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == lines[2]);
  CHECK(test::parse(lines[0]).at("image") == "1.ppm");
  CHECK(test::parse(lines[1]).at("image") == "2.ppm");
  CHECK(test::parse(lines[3]).at("error") == "no.ppm: cannot open: No such file or directory");
}

TEST_CASE("--out -: shards, nothing at all, and what is refused") {
  const Images images;
  std::vector<std::string> expected[2];
  for (const std::string& line : test::lines_of(images.whole())) {
    const bool is_first = expected[0].size() == expected[1].size();
    expected[is_first ? 0 : 1].push_back(line);
  }
  for (const char* shard : {"1/2", "2/2"}) {
    const auto part = run(caption({"-", "--null", "--list", "-", "--shard", shard}), images.list('\0'));
    CHECK(test::lines_of(part.out) == expected[shard[0] - '1']);
  }
  const auto none = run(caption({"-", "--list", "-"}), "\n\n");
  CHECK(none.exit_code == 0);
  CHECK(none.out.empty());
  test::check_refused(caption({"-", "--format", "csv", images.names[0]}), "expected --out FILE");
  test::check_refused(caption({"-", "--format", "sidecar", images.names[0]}), "--format sidecar");
  test::check_refused(caption({"-", "-"}), "--out: expected image files, actual -");
  test::check_refused(caption({"-"}), "an image, a folder or --list is required");
  const auto long_name = run(caption({"-", "--list", "-"}), std::string(3 << 20, 'x'));
  CHECK(long_name.exit_code == 2);
  CHECK(long_name.err.find("--list: expected names of at most 1048576 bytes") != std::string::npos);
  // Nobody reads any more: no error, and no endless work.
  std::string many;
  for (int i = 0; i < 2000; ++i) many += images.names[0] + "\n";
  const auto closed =
      test::run_shell("timeout 60 " + test::command_line(caption({"-", "--list", "-"})) + " | head -n 1", many);
  CHECK(test::lines_of(closed.out).size() == 1);
  CHECK(closed.err.find("cannot write") == std::string::npos);
}
