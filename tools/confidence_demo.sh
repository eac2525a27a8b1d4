#!/bin/sh
# Measures how well the demo model's confidence separates right captions from wrong ones, and scenes from pictures that
# are none: tables in weights/demo/README.md. Usage: tools/confidence_demo.sh [FOLDER] [caption's options...]
# SHARPEYE is the command, SCENES how many (500).
set -eu
cd "$(dirname "$0")/.."
sharpeye=${SHARPEYE:-build/release/sharpeye}
folder=${1:-build/confidence}
[ $# -gt 0 ] && shift
mkdir -p "$folder"
[ -f "$folder/scenes/captions.json" ] ||
  "$sharpeye" scenes --count "${SCENES:-500}" --seed 77 --split test --force -o "$folder/scenes"
python3 - "$folder" <<'EOF'
# 250 pictures of each kind, as PPM: noise; one colour (64 greys from white on, then colours); from one colour to
# another; stripes.
import pathlib, random, sys
dice, side = random.Random(5), 64
colour = lambda: bytes(dice.randrange(256) for _ in range(3))
def write(kind, number, pixels):
    path = pathlib.Path(sys.argv[1], kind, f"{number:03}.ppm")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"P6 %d %d 255\n" % (side, side) + pixels)
for i in range(250):
    a, b, width = colour(), colour(), dice.randrange(2, 20)
    write("noise", i, bytes(dice.randrange(256) for _ in range(side * side * 3)))
    write("blank", i, (bytes([255 - 4 * i] * 3) if i < 64 else a) * side * side)
    write("gradient", i, b"".join(bytes(p + (q - p) * y // (side - 1) for p, q in zip(a, b)) * side for y in range(side)))
    write("stripes", i, b"".join((a, b)[x // width % 2] for x in range(side)) * side)
EOF
set -- caption --model weights/demo --json --parallel 2 "$@"
"$sharpeye" "$@" "$folder/scenes/images" >"$folder/scenes.jsonl"
for kind in noise blank gradient stripes; do
  "$sharpeye" "$@" "$folder/$kind" >"$folder/$kind.jsonl"
done
python3 tools/confidence_table.py "$folder/scenes" "$folder/scenes.jsonl" noise="$folder/noise.jsonl" \
  blank="$folder/blank.jsonl" gradient="$folder/gradient.jsonl" stripes="$folder/stripes.jsonl"
