#include <iostream>

#include "sharpeye/metrics/evaluate.hpp"

int main() {
  const std::vector<sharpeye::ImageToScore> images = {
      {"surfer.jpg", {"A man riding a wave.", "A surfer rides a big wave."}, "a man rides a wave"},
      {"dogs.jpg", {"Two dogs playing in the grass."}, "two dogs playing"}};
  const sharpeye::CaptionScores scores = sharpeye::evaluate(images);
  std::cout << "BLEU-4 " << scores.bleu[3].corpus << ", CIDEr-D " << scores.cider_d.corpus << "\n";
  for (const double score : scores.rouge_l.images) std::cout << "ROUGE-L " << score << "\n";
}
