#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs the agent from the folder that this script is in.
#
# usage: ./install.sh [ROOT]     ROOT: a guest's mounted disk; this machine without one
#
# A configuration that is there already is kept. Where systemd is, the unit is enabled, and started when ROOT is this
# machine. Elsewhere start it from what starts programs there: periscoped --config /etc/periscope/periscoped.conf
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=${1:-}
[ "$(id -u)" -eq 0 ] || { echo "install.sh: only root can install" >&2; exit 1; }
install -D -m 755 "$here/usr/sbin/periscoped" "$root/usr/sbin/periscoped"
install -D -m 644 "$here/usr/share/man/man8/periscoped.8" "$root/usr/share/man/man8/periscoped.8"
[ -e "$root/etc/periscope/periscoped.conf" ] ||
    install -D -m 644 "$here/etc/periscope/periscoped.conf" "$root/etc/periscope/periscoped.conf"
mkdir -p "$root/var/lib/periscope"
chmod 1777 "$root/var/lib/periscope"
if [ -d "$root/lib/systemd/system" ] || [ -d "$root/usr/lib/systemd/system" ]; then
    install -D -m 644 "$here/lib/systemd/system/periscoped.service" "$root/etc/systemd/system/periscoped.service"
    install -D -m 755 "$here/lib/systemd/system-generators/periscoped-kernel-log" \
        "$root/etc/systemd/system-generators/periscoped-kernel-log"
    mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
    ln -sf ../periscoped.service "$root/etc/systemd/system/multi-user.target.wants/periscoped.service"
    if [ -z "$root" ] && [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        systemctl restart periscoped.service
    fi
    echo "periscoped is installed; its unit is enabled"
else
    echo "periscoped is installed; there is no systemd: start it with: periscoped --config /etc/periscope/periscoped.conf"
fi
