"""Captions by Spark: a list of names, one a line, through `sharpeye caption` on every executor.

    spark-submit spark_pipe.py MODEL NAMES.txt OUT PARTITIONS
    sharpeye merge OUT/part-* --list NAMES.txt -o captions.jsonl    # checks that nothing is missing

Names are UTF-8, and lead to the images on all machines. Each partition is one process, which loads the model once."""

import os
import shlex
import sys

from pyspark.sql import SparkSession

model, names, out, partitions = sys.argv[1:]
spark = SparkSession.builder.appName("sharpeye").getOrCreate()
command = f"sharpeye caption --model {shlex.quote(model)} --threads 1 --list - --out -"
path = {"PATH": os.environ["PATH"]}  # pipe() hands no variables on by itself
spark.sparkContext.textFile(names, int(partitions)).pipe(command, path).saveAsTextFile(out)
spark.stop()
