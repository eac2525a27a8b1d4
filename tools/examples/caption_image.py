import sys

import sharpeye

model, *images = sys.argv[1:]
captioner = sharpeye.Captioner(model)

# One image: a path, bytes, a PIL image, or an array [height, width, 3] of 8-bit numbers.
caption = captioner(images[0], on_initial=lambda text: print("initial:", text))
print("refined:", caption.refined)

# Many, several at once, in their order.
captions = [caption.text for caption in captioner.map(images)]

# Scores as pycocoevalcap gives them, without Java.
scores = sharpeye.metrics.evaluate({"one": ["A man riding a wave.", "A surfer rides a big wave."]},
                                   {"one": ["a man rides a wave"]})
print("BLEU-2:", round(scores.corpus["Bleu_2"], 3))
