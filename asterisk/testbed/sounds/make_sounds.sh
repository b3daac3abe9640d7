#!/bin/sh
# Makes the answering machine's greeting again, byte for byte, with Debian's espeak-ng and sox.
set -eu
out=${1:-$(dirname "$0")}
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
espeak-ng -v fr -s 160 -g 4 -w "$work/spoken.wav" \
    "Bonjour, vous êtes bien sur ma messagerie. Laissez-moi un message après le bip sonore."
sox -D "$work/spoken.wav" -r 8000 -c 1 -b 16 "$work/greeting.wav" highpass 200 lowpass 3400 norm -3 pad 0.3 0.5
sox -D -n -r 8000 -c 1 -b 16 "$work/beep.wav" synth 0.5 sine 1000 vol 0.5
sox -D "$work/greeting.wav" "$work/beep.wav" "$out/machine-greeting.wav"
