#!/bin/sh
# Makes a Python environment with Authlib in it:  spec/foreign/venv.sh FOLDER
# Prints the interpreter's path.  77 and a reason: not possible on this machine.
set -u
cannot() { echo "no Authlib here: $*" >&2; exit 77; }
python3 -c 'import ensurepip, venv' 2>/dev/null || cannot "python3 or its venv is not installed"
timeout 120 python3 -m venv "$1" >&2 || cannot "python3 -m venv fails"
timeout 180 "$1/bin/pip" install --quiet --disable-pip-version-check \
  authlib==1.9.9 joserfc==1.8.0 requests >&2 || cannot "PyPI cannot be reached, or lacks a version"
echo "$1/bin/python"
