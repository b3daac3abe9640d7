#!/bin/sh
# User, folders and units of a machine that runs systemd; then what a person does next.
# Usage: after_install.sh PREFIX
set -eu
systemd-sysusers "$1/lib/sysusers.d/dialerd.conf"
systemd-tmpfiles --create "$1/lib/tmpfiles.d/dialerd.conf"
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    # A new version is in force when nobody talks; so it is said, not done.
    if systemctl --quiet is-active dialerd; then
        echo "A dialer is running. Type: systemctl restart dialerd"
    fi
fi
[ -e /etc/dialer/dialer.toml ] || cat <<'NEXT'
Next:
  sudo dialer init --set dialing.trunk=carrier --set dialing.caller_id=+33162000000
  sudo systemctl enable --now dialerd dialerd-backup.timer dialerd-export.timer
docs/how-to/run-as-a-service.md tells the rest.
NEXT
