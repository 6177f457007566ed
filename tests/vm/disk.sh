# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the scripts share that make a guest's disk: sourced by them, with the same arguments. The script has set NAME (a
# folder below the cache), MODULES and SIZE.

UNAVAILABLE=75 # as EX_TEMPFAIL

cache=$(cd "$1" && pwd)
folder=$cache/$NAME root=$cache/$NAME/root
version=$(cat "$cache/version")

skip() {
    echo "SKIP vm-$NAME: $*"
    exit "$UNAVAILABLE"
}

# Ends the script where the disk is there already, made of the same.
need_disk() { # INPUT...
    inputs=$( (cat "$0" "$(dirname "$0")/disk.sh" && echo "$version $*") | sha256sum | cut -d ' ' -f 1)
    [ "$(cat "$folder/inputs" 2>/dev/null)" != "$inputs" ] || exit 0
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || skip "only root can make the guest's disk"
        exec sudo -n "$0" "$cache"
    fi
    mkdir -p "$folder"
    rm -f "$folder/inputs"
}

setting() { # NAME: of apt's configuration
    apt-config shell value "$1" | sed -n "s/^value='\(.*\)'$/\1/p"
}

# Leaves the archive in $mirror, and the way to it in the environment.
find_mirror() {
    mirror=$(tests/mirror) || skip "apt knows of no archive of Debian"
    export mirror
    proxy=$(setting Acquire::http::Proxy)
    [ -z "$proxy" ] || export http_proxy="$proxy"
}

put() { # PATH: a file of the guest with standard input in it
    mkdir -p "$root/$(dirname "$1")"
    cat >"$root/$1"
}

add_modules() {
    mkdir -p "$root/lib/modules/$version"
    for module in $MODULES; do
        modprobe -d "$cache/root" -S "$version" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
    done | sort -u | sed "s|.*/lib/modules/$version/||" |
        tar -C "$cache/root/lib/modules/$version" -c -T - modules.builtin modules.builtin.modinfo modules.order |
        tar -C "$root/lib/modules/$version" -x
    depmod -b "$root" "$version"
}

# Nothing runs by the clock, and the serial line tells all. Root and tester log on without a password.
configure_system() {
    echo debian | put etc/hostname
    echo '127.0.0.1 localhost debian' | put etc/hosts
    echo '/dev/vda / ext4 defaults 0 1' | put etc/fstab
    put etc/systemd/network/wired.network <<END
[Match]
Name=e*
[Network]
Address=10.0.2.15/24
END
    put etc/systemd/journald.conf.d/serial.conf <<END
[Journal]
ForwardToConsole=yes
TTYPath=/dev/ttyS0
END
    put etc/systemd/system/install.service <<END
[Unit]
Description=Install what the second disk holds
ConditionPathExists=/dev/vdb
After=local-fs.target network.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'mkdir /run/new && tar -x -f /dev/vdb -C /run/new && dpkg -i /run/new/*.deb && echo INSTALLED'
[Install]
WantedBy=multi-user.target
END
    chroot "$root" sh -eu <<END
useradd -m -s /bin/bash tester
chown -R tester:tester /home/tester
passwd -q -d root
passwd -q -d tester
systemctl -q enable systemd-networkd install
systemctl -q mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
    fstrim.timer systemd-networkd-wait-online.service ldconfig.service systemd-timesyncd.service serial-getty@ttyS0.service
END
    : | put etc/motd
}

make_disk() {
    rm -rf "$root"/usr/share/doc "$root"/usr/share/man "$root"/usr/share/info "$root"/var/cache/apt "$root"/var/lib/apt/lists
    rm -f "$folder/disk"
    mke2fs -q -t ext4 -L debian -d "$root" "$folder/disk" "$SIZE"
    chmod a+r "$folder/disk"
    rm -rf --one-file-system "$root"
    echo "$inputs" >"$folder/inputs"
}
