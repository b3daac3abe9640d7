#!/bin/sh
# Programs of others that the tests use: a real MQTT broker, a clock that can be moved, promtool. On Debian as root they
# are installed; elsewhere it is said what to install, and the tests that need them are skipped with that reason.
set -eu

missing=
for package in faketime mosquitto prometheus; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    # Their own services are not wanted: each test starts what it needs.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
    exit 0
fi
echo "Some tests are skipped; for all of them: sudo apt-get install$missing" >&2
