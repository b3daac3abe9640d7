#!/bin/sh
# Makes every sound of this folder again, byte for byte, with Debian's espeak-ng and sox:
#     asterisk/sounds/make_sounds.sh [FOLDER]
# Say who calls, and how to call back, in the safe-harbour message of your own campaigns:
#     CALLER_FR="de la société Exemple, 01 99 00 00 00" CALLER_EN="from Example" make_sounds.sh FOLDER
# A message spoken by a person is better still: 8 kHz, mono, 16 bits, under the same name.
set -eu
out=${1:-$(dirname "$0")}
caller_fr=${CALLER_FR:-"d'un centre d'appels"}
caller_en=${CALLER_EN:-"from a call centre"}
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

say() { # language, name, text
    mkdir -p "$out/$1/dialer"
    espeak-ng -v "$1" -s 150 -g 4 -w "$work/spoken.wav" "$3"
    # -D: no dither, so that the same words give the same bytes
    sox -D "$work/spoken.wav" -r 8000 -c 1 -b 16 "$out/$1/dialer/$2.wav" \
        highpass 200 lowpass 3400 norm -3 pad 0.1 0.1
}

fr() { say fr "$@"; }
en() { say en "$@"; }

fr safe-harbour "Bonjour. C'était un appel $caller_fr. Aucun conseiller n'est libre, et nous vous prions de nous excuser. Pour ne plus être appelé, tapez 9."
en safe-harbour "Hello. This was a call $caller_en. Nobody is free to speak to you, and we are sorry. To be called no more, press 9."
fr optout-confirmed "C'est noté. Vous ne serez plus appelé. Au revoir."
en optout-confirmed "Noted. You will be called no more. Goodbye."

fr agent-id "Votre numéro d'agent, puis dièse."
en agent-id "Your agent number, then hash."
fr agent-pin "Votre code, puis dièse."
en agent-pin "Your code, then hash."
fr agent-refused "Numéro ou code refusé."
en agent-refused "Number or code refused."
fr agent-unavailable "Le service n'est pas disponible. Rappelez plus tard."
en agent-unavailable "The service is not available. Call again later."
fr agent-ready "Vous êtes prêt."
en agent-ready "You are ready."
fr agent-paused "Vous êtes en pause."
en agent-paused "You are paused."
fr agent-stopping "Le service s'arrête. Les appels reprendront plus tard."
en agent-stopping "The service is stopping. Calls will resume later."
fr agent-pause-reason "Le motif de la pause, puis dièse."
en agent-pause-reason "The reason of the pause, then hash."
fr agent-goodbye "Au revoir."
en agent-goodbye "Goodbye."
fr disposition "Le résultat de l'appel, puis dièse."
en disposition "The result of the call, then hash."
fr disposition-saved "Enregistré."
en disposition-saved "Saved."
fr disposition-refused "Ce résultat n'existe pas."
en disposition-refused "There is no such result."
fr callback-when "L'heure du rappel, en quatre chiffres, ou le jour et l'heure, en six chiffres, puis dièse."
en callback-when "The time to call back, four digits, or the day and the time, six digits, then hash."
fr callback-refused "On ne peut pas rappeler à cette heure."
en callback-refused "Nobody can be called back at that time."

# What an agent hears as a call arrives: a tenth of a second, soft, fading, so that no word is lost.
mkdir -p "$out/dialer"
sox -D -n -r 8000 -c 1 -b 16 "$out/dialer/agent-tone.wav" synth 0.1 sine 880 fade q 0.02 0.1 0.05 vol 0.2
