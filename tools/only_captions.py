#!/usr/bin/env python3
"""Keeps some captions of each image of a COCO caption file: those at the given places of their image's list, from 0.
Usage: only_captions.py PLACE... <captions.json >fewer.json"""
import json
import sys

places = {int(place) for place in sys.argv[1:]}
coco = json.load(sys.stdin)
seen = {}
kept = []
for annotation in coco["annotations"]:
    image = annotation["image_id"]
    if seen.setdefault(image, 0) in places:
        kept.append(annotation)
    seen[image] += 1
coco["annotations"] = kept
json.dump(coco, sys.stdout)
