#!/bin/sh
# Make sure that a Python with venv is here; on Debian as root it is installed, elsewhere it is said what to install.
# Usage: prepare_machine.sh PYTHON
set -eu
python=$1

works() {
    "$python" - 2>/dev/null <<'CHECK'
import ensurepip, sys, venv
sys.exit(sys.version_info < (3, 11))
CHECK
}

works && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ "$python" = python3 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends python3 python3-venv >/dev/null
    works && exit 0
fi
echo "dialerd needs Python 3.11 or newer with venv as '$python'." >&2
echo "On Debian or Ubuntu: sudo apt-get install python3 python3-venv. Elsewhere: make PYTHON=/path/to/python3.11 run" >&2
exit 1
