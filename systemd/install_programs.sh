#!/bin/sh
# The dialer and what it needs in a Python environment of its own, made beside the old one and put in its place whole.
# Usage: install_programs.sh DESTDIR FOLDER; PYTHON names the interpreter.
set -eu
destdir=$1 folder=$2
cd "$(dirname "$0")/.."
new=$destdir$folder.new
old=$destdir$folder.old

# The units see no home folder, so a Python that lives in one (pyenv, uv) would not be there.
real=$("${PYTHON:-python3}" -c 'import os, sys; print(os.path.realpath(sys.executable))')
case $real in
/root/* | /home/* | /run/user/*)
    echo "$real is in a home folder, which the service cannot see. Type: make install PYTHON=/usr/bin/python3" >&2
    exit 1
    ;;
esac

asterisk/testbed/prepare_machine.sh "${PYTHON:-python3}"
mkdir -p "$(dirname "$new")"
rm -rf "$new" "$old"
"${PYTHON:-python3}" -m venv "$new"
"$new/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
"$new/bin/pip" install --quiet --disable-pip-version-check --no-deps "${WHEEL:-.}"

# A venv knows where it was made; it will be elsewhere.
grep -rlIF "$new" "$new/bin" "$new/pyvenv.cfg" | while read -r file; do
    sed -i "s,$new,$folder,g" "$file"
done
[ ! -e "$destdir$folder" ] || mv "$destdir$folder" "$old"
mv "$new" "$destdir$folder"
rm -rf "$old"
