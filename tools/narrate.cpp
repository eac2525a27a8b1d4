/// @file
/// `sharpeye narrate`: the prompt with which LLoVi asks a language model about a video.

#include <memory>

#include "sharpeye/core/words.hpp"
#include "tools/options.hpp"
#include "tools/terminal.hpp"

namespace tool {
namespace {

struct NarrateCommand {
  std::string input = "-", question;
  std::vector<std::string> choices;
  double duration = 0, clip = 1;
};

// "12: text." of each line that is such a one. @throws Error kFormat for others
std::vector<std::string> captions_of(const std::string& text, const std::string& name) {
  std::vector<std::string> captions;
  std::size_t number = 0;
  for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
    end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    const std::size_t digits = line.find_first_not_of("0123456789");
    require(digits != 0 && digits != line.npos && line.compare(digits, 2, ": ") == 0, ErrorCode::kFormat, name,
            ": line ", number, ": expected \"SECOND: CAPTION\", as stream --format llovi writes it, actual ",
            in_quotes(line));
    while (line.back() == '.') line.pop_back();
    captions.push_back(line);
  }
  require(!captions.empty(), ErrorCode::kFormat, name, ": expected captions, actual none");
  return captions;
}

std::string plain(double number) {
  const std::string text = fixed(number, 3);
  return text.substr(0, text.find_last_not_of('0') + (text[text.find_last_not_of('0')] == '.' ? 0 : 1));
}

// The standard question of LLoVi (arXiv 2312.17235), with as many choices as there are; without a question, of a
// summary.
int run_narrate(const NarrateCommand& command) {
  const std::vector<std::string> captions =
      captions_of(read_input(command.input, std::uint64_t{1} << 28), command.input);
  std::string narration;
  for (const std::string& caption : captions) narration += (narration.empty() ? "" : ".\n") + one_line(caption);
  const double duration = command.duration > 0 ? command.duration : command.clip * static_cast<double>(captions.size());
  std::string letters;
  for (std::size_t i = 0; i < command.choices.size(); ++i) {
    letters += concat(i == 0                           ? ""
                      : i + 1 < command.choices.size() ? ", "
                      : i == 1                         ? " or "
                                                       : ", or ",
                      static_cast<char>('A' + i));
  }
  std::string prompt;
  if (!command.choices.empty()) {
    prompt += concat("Please provide a single-letter answer (", letters,
                     ") to the following multiple-choice question. You must not provide any other response or "
                     "explanation. ");
  }
  prompt += concat("You are given some language descriptions of a video. The video is ", plain(duration),
                   " seconds long. Each sentence describes a ", plain(command.clip),
                   "s clip. The descriptions are sequential and non-overlapping which cover the whole video exactly. "
                   "Here are the descriptions: ",
                   narration, ".\n");
  if (command.question.empty()) {
    prompt += "Please give me a summary.\n";
  } else {
    prompt += concat("You are going to answer a ", command.choices.empty() ? "" : "multiple choice ",
                     "question based on the descriptions.\nHere is the question: ", one_line(command.question), "\n");
  }
  if (!command.choices.empty()) prompt += "Here are the choices.\n";
  for (std::size_t i = 0; i < command.choices.size(); ++i) {
    prompt += concat(static_cast<char>('A' + i), ": ", one_line(command.choices[i]), "\n");
  }
  write_out(prompt);
  return kOk;
}

}  // namespace

void add_narrate(Command& command) {
  const auto options = std::make_shared<NarrateCommand>();
  command.description = "Write LLoVi's prompt, which asks a language model about a video, from its captions";
  command.text("captions", options->input, "Lines of stream --format llovi; - is stdin").type("FILE|-");
  const Option& question = command.text("--question", options->question, "What to ask; default: a summary");
  command.texts("--choice", options->choices, "An answer to choose from; A, B, C ... in this order")
      .one_each()
      .needs(question);
  command.number("--seconds", options->duration, 0, 1e9, "Of the whole video; 0: all clips together");
  command.number("--clip", options->clip, 0.001, 1e9, "Seconds that one caption stands for");
  command.run = [options] {
    require(options->choices.size() <= 26, ErrorCode::kInvalidArgument, "--choice: expected at most 26, actual ",
            options->choices.size());
    return run_narrate(*options);
  };
}

}  // namespace tool
