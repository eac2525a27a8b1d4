#!/usr/bin/env python3
"""Writes tests/fixtures/text/tokenizer_json: small tokenizer.json files of each kind, and what Hugging Face's
`tokenizers` makes of texts with them.

    pip install tokenizers==0.23.3 && python tests/reference/make_tokenizer_json_goldens.py

KIND/tokenizer.json         trained here, a few hundred tokens; all flags of added tokens occur
KIND/tokenizer_config.json  bos, eos and pad
KIND/goldens.jsonl          texts picked by hand: ids, decoded text without and with special tokens
KIND/hashes.txt             for each 100 of 2,000 generated strings a 64-bit hash of the ids and one of the decoded texts
The C++ test makes the same strings (generated_text.hpp, tokenizer_json_test.cpp). A trailing [SEP] or </s> is cut off.
"""
import json
import pathlib

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from text_generator import FIXTURES, Hash, generated_text, random_stream, read_alphabets
from train_tiny_bpe import CAPTIONS

STRINGS, PER_HASH = 2000, 100
FOLDER = FIXTURES / "tokenizer_json"
QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)"
         r"|\s+")
ADDED = [
    AddedToken("<image>", special=True, normalized=False),
    AddedToken("<pad>", special=True, lstrip=True, rstrip=True, normalized=False),
    AddedToken("Word", single_word=True),
    AddedToken("lef", lstrip=True),
    AddedToken("\u00dcn\u00ef"),
    AddedToken("  ", normalized=False),
    AddedToken("<loc_1>"),
    AddedToken("<loc_12>"),
    AddedToken("rig", rstrip=True, single_word=True),
]
INSERTED = [token.content for token in ADDED] + [" ", "a", "_", "\n", "\u00e9"]
HAND_PICKED = [
    "", " ", "  a", "a ", "\n\n", " \r\n\t x", "A small yellow bus is parked at the station.", "It's WE'VE they'LL 'S '\u017f",
    "3 dogs, 12 cats and 1000000 birds 2\u2075", "caf\u00e9 cafe\u0301 na\u00efve \u1e69 s\u0323\u0307 \uac00\u1100\u1161\u11a8", "\u732b\u304c\u5ea7\u3063\u3066\u3044\u308b \u041a\u043e\u0448\u043a\u0430", "\u0130stanbul \u03a3\u03a3 \u00df",
    "\U0001F468\u200d\U0001F469\u200d\U0001F467 family \U0001F3F4", "a\0b\u200bc\ufeffd\ufffde\u0085f", "tab\there ...!?\n\n  end", "(word) [brackets] under_score", "\u2581x \u2581 y",
    "USER: <image>\nWhat is in the photo? ASSISTANT:", "a<image>b <image> c", "a  <pad>  b", "Word aWord Wordb Word_ Word\u0301 (Word)", "a lef b", "\u00dcn\u00ef u\u0308n\u00ef uni",
    "<loc_1><loc_12><loc_123>", "rig  a", "</s> <s> <unk> [CLS] <|im_end|>", "x" * 101 + " " + "\u00e9" * 100, "do not can't . , ? !",
]


def corpus(alphabets):
    return CAPTIONS.splitlines() * 4 + [generated_text(alphabets, 100000 + number) for number in range(300)]


def bpe_trainer(size, specials, **more):
    return trainers.BpeTrainer(vocab_size=size, special_tokens=specials, show_progress=False, **more)


def byte_level(texts, pre_tokenizer, specials, normalizer=None):
    tokenizer = Tokenizer(models.BPE())
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(texts, bpe_trainer(480, specials, initial_alphabet=alphabet))
    return tokenizer


def gpt2(texts):
    pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer = byte_level(texts, pre_tokenizer, ["<s>", "<pad>", "</s>", "<unk>"])
    tokenizer.post_processor = processors.TemplateProcessing(single="</s> $A", special_tokens=[("</s>", 2)])
    return tokenizer, {"eos_token": "</s>", "pad_token": {"__type": "AddedToken", "content": "<pad>"}}


def qwen2(texts):
    split = pre_tokenizers.Split(Regex(QWEN2), "isolated")
    pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer = byte_level(texts, pre_tokenizer, [], normalizers.NFC())
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    return tokenizer, {"add_bos_token": False, "bos_token": None, "eos_token": "<|im_end|>",
                       "pad_token": "<|endoftext|>"}


def smollm(texts):
    digits = pre_tokenizers.Digits(individual_digits=True)
    pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=True)])
    tokenizer = byte_level(texts, pre_tokenizer, ["<|im_start|>", "<end_of_utterance>"])
    return tokenizer, {"bos_token": "<|im_start|>", "eos_token": "<end_of_utterance>"}


def sentencepiece(texts, legacy):
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=True)
    specials = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer.train_from_iterator(texts, bpe_trainer(560, specials, limit_alphabet=70))
    # The byte tokens are of the vocabulary, and not looked for in texts. Merges as a list of SentencePiece's scores
    # has them: every pair of tokens that makes a token.
    model = json.loads(tokenizer.to_str())["model"]
    vocab = model["vocab"]
    merges = [(token[:i], token[i:]) for token in sorted(vocab, key=vocab.get) for i in range(1, len(token))
              if token[:i] in vocab and token[i:] in vocab and vocab[token] > 258]
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if legacy:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(),
                                           decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in ["<unk>", "<s>", "</s>"]])
    return tokenizer, {"add_bos_token": True, "bos_token": "<s>", "eos_token": "</s>"}


def bert(texts):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(
        vocab_size=500, limit_alphabet=150, show_progress=False,
        special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]))
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]",
                                                             special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return tokenizer, {"pad_token": "[PAD]"}


def with_added_tokens(text, number):
    """`text` with up to three added tokens between its characters."""
    stream = random_stream(number + 2000000)
    for _ in range(next(stream) % 4):
        place = next(stream) % (len(text) + 1)
        text = text[:place] + INSERTED[next(stream) % len(INSERTED)] + text[place:]
    return text


def encode(tokenizer, text, tail):
    ids = tokenizer.encode(text).ids
    return ids[:len(ids) - tail]


def write(name, tokenizer, config, alphabets):
    tokenizer.add_special_tokens([token for token in ADDED if token.special])
    tokenizer.add_tokens([token for token in ADDED if not token.special])
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    compact = json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":"))
    (folder / "tokenizer.json").write_text(compact + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(config) + "\n")
    tail = 1 if name == "bert" else 0
    lines = []
    for text in HAND_PICKED + [token.content for token in tokenizer.get_added_tokens_decoder().values()]:
        ids = encode(tokenizer, text, tail)
        golden = {"text": text, "ids": ids, "decoded": tokenizer.decode(ids),
                  "with_special": tokenizer.decode(ids, skip_special_tokens=False)}
        lines.append(json.dumps(golden, separators=(",", ":")) + "\n")
    (folder / "goldens.jsonl").write_text("".join(lines))
    lines = []
    for begin in range(0, STRINGS, PER_HASH):
        ids_hash, decoded = Hash(), Hash()
        for number in range(begin, begin + PER_HASH):
            ids = encode(tokenizer, with_added_tokens(generated_text(alphabets, number), number), tail)
            ids_hash.add_numbers(ids)
            decoded.add(tokenizer.decode(ids, skip_special_tokens=number % 2 == 0).encode() + b"\xff")
        lines.append(f"{ids_hash.value:016x} {decoded.value:016x}\n")
    (folder / "hashes.txt").write_text("".join(lines))


def main():
    alphabets = read_alphabets()
    texts = corpus(alphabets)
    for name, (tokenizer, config) in {
            "gpt2": gpt2(texts), "qwen2": qwen2(texts), "smollm": smollm(texts),
            "llama": sentencepiece(texts, False), "llama_legacy": sentencepiece(texts, True),
            "bert": bert(texts)}.items():
        write(name, tokenizer, config, alphabets)


if __name__ == "__main__":
    main()
