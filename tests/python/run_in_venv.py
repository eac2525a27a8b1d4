#!/usr/bin/env python3
"""Builds the Python package's wheel, installs it into a new virtual environment without anything else, and runs
package_test.py and streams_test.py there; then arrays_test.py, with numpy and Pillow. Exits with 77 where that cannot be tried here.

--prefix is an installed sharpeye: its libsharpeye goes into the wheel, so that only the extension module is compiled."""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile

SKIPPED = 77
REQUIREMENTS = ["scikit-build-core>=0.10", "nanobind>=2.4"]  # as in pyproject.toml


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def pip(*arguments, python=sys.executable, check=True):
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), *arguments]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if check and result.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{result.stdout}")
    return result


def needs(wheel):
    """What the wheel requires, by its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return [line for line in archive.read(name).decode().splitlines() if line.startswith("Requires-Dist:")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("source", "prefix", "work", "command"):
        parser.add_argument(f"--{name}", type=lambda path: pathlib.Path(path).absolute(), required=True)
    given = parser.parse_args()
    if sys.version_info < (3, 10):
        skip(f"the package needs Python 3.10, this is {sys.version.split()[0]}")
    if not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists():
        skip("Python's headers are not installed (python3-dev)")
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode != 0:
        skip("there is no pip here")
    shutil.rmtree(given.work, ignore_errors=True)
    requirements = given.work / "requirements"
    reached = pip("download", "--quiet", "--retries", "1", "--dest", str(requirements), *REQUIREMENTS, check=False)
    if reached.returncode != 0:
        skip("pip cannot get scikit-build-core and nanobind from PyPI:\n" + reached.stdout)

    pip("wheel", "--no-index", "--find-links", str(requirements), "--no-deps", "--wheel-dir", str(given.work), f"--config-settings=build-dir={given.work}/build",
        f"--config-settings=cmake.define.SHARPEYE_PREFIX={given.prefix}", str(given.source))
    (wheel,) = given.work.glob("sharpeye-*.whl")
    if needs(wheel):
        sys.exit(f"{wheel.name}: expected no requirements, actual {needs(wheel)}")
    folder = given.work / "venv"
    venv.create(folder, symlinks=True, with_pip=False)
    python = folder / "bin" / "python"
    pip("install", "--no-index", "--no-deps", str(wheel), python=python)

    here = pathlib.Path(__file__).parent
    environment = {**os.environ, "SHARPEYE_SOURCE": str(given.source), "SHARPEYE_COMMAND": str(given.command)}

    def run(test):
        subprocess.run([python, "-B", "-X", "dev", "-W", "error", here / test], env=environment, cwd=given.work,
                       check=True)

    run("package_test.py")
    run("streams_test.py")
    if pip("install", "--quiet", "--retries", "1", "numpy", "pillow", python=python, check=False).returncode != 0:
        print("not tested: arrays and PIL images, since pip cannot get numpy and pillow from PyPI")
        return
    run("arrays_test.py")


if __name__ == "__main__":
    main()
