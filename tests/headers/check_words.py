#!/usr/bin/env python3
"""Refuses words that we do not use, in the comments of headers, tools and benchmarks, and in the pages: one concept has
one word (include/sharpeye/README.md, "The words we use"). Prints each breach as `path:line: word: use ...`; exits with 1
if there is one. What stands between backticks, and names in code, may have its own spelling.
Usage: check_words.py [folder of the project]"""

import pathlib
import re
import sys

# A pattern (whole words, any case) -> what to write instead.
WORDS = {
    # The glances.
    r"look(s|ed|ing)?( \w+)? twice|(first|second) look": "first glance, second glance",
    r"first captions?": "initial caption",
    r"second captions?": "refined caption",
    r"(first|second) pass of the (language )?model": "first glance, second glance",
    r"way back": "backward pass",
    r"coming in by and by|come in by and by": "introduced one by one",
    # The field's terms.
    r"asks? (\w+ )?for (\S+ ){0,4}ahead|asked for ahead": "prefetch",
    r"n_embd|d_model|embed_dim": "hidden_size",
    r"n_heads?": "num_attention_heads",
    r"seq_?len": "sequence_length",
    # What is not there, or not so any more.
    r"paper\.md": "the paper, arXiv 2508.21451, and the section",
    r"some (15|20) seconds": "the number that bench/README.md has, or none",
    # One spelling: British, but for the terms quantize, tokenize, initialize, serialize.
    r"colors?|colored": "colour",
    r"grays?": "grey",
    r"behaviors?": "behaviour",
    r"neighbors?": "neighbour",
    r"optimiz(e|es|ed|ing|er|ers|ation)": "optimise",
    r"normaliz(e|es|ed|ing|er|ation)": "normalise",
    r"recogniz(e|es|ed|ing)": "recognise",
    r"licenses?|licensed": "licence",
    r"artifacts?": "artefact",
}
PATTERNS = [(re.compile(rf"(?<![\w.`-])({pattern})(?![\w`-])", re.IGNORECASE), use) for pattern, use in WORDS.items()]
FOLDERS = ["include", "tools", "bench"]
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]
COMMENTS = {".hpp": "//", ".inl": "//", ".cpp": "//", ".py": "#", ".sh": "#", ".cmake": "#"}


def prose_of(path):
    """(number, text) of each line: of code the comment, of a page what is not code."""
    fenced = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        mark = COMMENTS.get(path.suffix)
        if mark:
            start = re.search(rf"(?:^|\s){mark}", line)
            line = line[start.end():] if start else ""
        elif line.startswith("```"):
            fenced = not fenced
        elif fenced:
            line = ""
        line = re.sub(r"`[^`]*`|<[^>]*>|\]\([^)]*\)|@param \w+", " ", line)
        yield number, line


def files_of(project):
    for folder in FOLDERS:
        for path in sorted((project / folder).rglob("*")):
            if path.suffix in COMMENTS and not path.name.endswith("_tables.hpp"):
                yield path
    for page in PAGES:
        if (project / page).is_file():
            yield project / page
    for folder in FOLDERS + ["weights", "tests"]:
        yield from sorted((project / folder).rglob("*.md"))


def check(project):
    breaches, count = [], 0
    for path in files_of(project):
        count += 1
        lines = list(prose_of(path))
        for (number, text), (_, following) in zip(lines, lines[1:] + [(0, "")]):
            text, following = text.strip(), following.lstrip(" /<")
            for pattern, use in PATTERNS:
                for match in pattern.finditer(f"{text} {following}"):  # words may stand on two lines
                    if match.start() < len(text):
                        breaches.append(f"{path}:{number}: {match[0]}: use {use}")
    if count == 0:
        breaches.append(f"{project}: no files")
    return count, breaches


def main():
    count, breaches = check(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]))
    for breach in breaches:
        print(breach)
    print(f"{count} files, {len(breaches)} words to change")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
