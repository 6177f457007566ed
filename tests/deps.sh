#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs the Debian packages that a target needs and this machine lacks.
#
# usage: tests/deps.sh [--list] SET...
#
# dpkg is asked first: with all of them there it ends at once, and needs no network. --list prints the packages of the
# sets and installs nothing. What can't be installed is named in one line, ready to be pasted.
set -eu

BUILD="gcc libc6-dev make zlib1g-dev libx11-dev libxext-dev libxrandr-dev libxfixes-dev libxss-dev libdrm-dev libwebsockets-dev pkgconf"
SCREEN="xvfb xauth x11-utils x11-apps xterm imagemagick fonts-dejavu-core"
XTESTS="libxtst6 libxrender-dev twm weston xwayland xserver-xorg-core xserver-xorg-video-dummy"
TESTS="valgrind strace $SCREEN $XTESTS g++ pkgconf mandoc python3 procps xdotool x11-xserver-utils"
MINGW="gcc-mingw-w64-x86-64-win32 gcc-mingw-w64-i686-win32 libz-mingw-w64-dev"
WINE="wine wine64 libxrender1 libxfixes3 libxrandr2 libxinerama1 libxcursor1 libxi6 libxcomposite1"
ARCH="gcc-aarch64-linux-gnu gcc-s390x-linux-gnu gcc-i686-linux-gnu gcc-arm-linux-gnueabihf libc6-dev-arm64-cross libc6-dev-s390x-cross libc6-dev-i386-cross libc6-dev-armhf-cross musl-tools qemu-user-static"
DEB="build-essential debhelper"
WEB="chromium chromium-driver libxtst6 tigervnc-viewer novnc"
DIST="$DEB python3 binutils dpkg git xorriso zip unzip"
# QEMU's qxl is in a package of its own since Debian 13. apt's lists may be empty yet, so the release is asked.
# shellcheck disable=SC1091 # a file of the system
[ "$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME-}")" = bookworm ] || QXL=qemu-system-modules-spice

packages_of()
{
    case $1 in
    build) echo "$BUILD" ;;
    tests) echo "$BUILD $TESTS $DEB lintian rpm" ;;
    check) echo "$BUILD $TESTS clang libclang-rt-dev $DEB lintian rpm" ;;
    images) echo "$BUILD $SCREEN python3 python3-pil" ;;
    fuzz) echo "$BUILD clang libclang-rt-dev llvm python3" ;;
    demo) echo "$BUILD $SCREEN $WINE $MINGW $WEB libwine-dev dpkg-dev xz-utils ca-certificates procps python3" ;;
    win) echo "$BUILD $SCREEN $WINE $MINGW $DIST xdotool procps python3 libarchive-tools genisoimage" ;;
    dist) echo "$BUILD $MINGW $DIST" ;;
    mingw) echo "$MINGW python3" ;;
    bench) echo "$BUILD $SCREEN scrot maim ffmpeg python3" ;;
    encoder) echo "$BUILD valgrind python3" ;;
    vm) echo "$BUILD pkg-config qemu-system-x86 ${QXL-} seabios weston libegl1 libgbm1 libgles2 libgl1-mesa-dri busybox-static debootstrap e2fsprogs kmod libelf-dev $DEB dpkg-dev xz-utils python3" ;;
    arch) echo "$BUILD $ARCH dpkg-dev xz-utils bzip2 python3" ;;
    debian) echo mmdebstrap git ;;
    web) echo "$BUILD $SCREEN $WEB strace xdotool x11-xserver-utils procps python3" ;;
    pictures) echo "$BUILD $SCREEN $WEB twm fonts-inter xdotool x11-xserver-utils procps python3" ;;
    lint) echo "$BUILD libxrender-dev clang clang-format clang-tidy cppcheck shellcheck mandoc universal-ctags pyflakes3 python3 git" ;;
    *)
        echo "tests/deps.sh: '$1' is not one of build, tests, check, images, fuzz, demo, win, dist, mingw, bench, encoder, vm, arch, debian, web, pictures, lint" >&2
        return 1
        ;;
    esac
}

# The packages of $1 that are not installed, one a line.
missing_of()
{
    # shellcheck disable=SC2086 # a list of names
    dpkg-query -W -f '${Package} ${db:Status-Status}\n' $1 2>/dev/null | awk -v wanted="$1" '
        $2 == "installed" { have[$1] = 1 }
        END { n = split(wanted, name, " "); for (i = 1; i <= n; i++) if (!have[name[i]]++) print name[i] }'
}

# How to run a command as root: nothing, or sudo where it needs no password. Fails where there is no way.
root_prefix()
{
    [ "$(id -u)" -eq 0 ] && return 0
    command -v sudo >/dev/null && sudo -n true 2>/dev/null && echo "sudo -n"
}

# $1: what root_prefix said, $2: the packages.
install()
{
    set -- "$1 env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3" "$2"
    # A configuration file that was changed here stays: there is nobody to ask.
    set -- "$1 -o DPkg::Options::=--force-confdef -o DPkg::Options::=--force-confold" "$2"
    # shellcheck disable=SC2086 # a command's words, and a list of names
    $1 update </dev/null && $1 install --no-install-recommends $2 </dev/null
}

main()
{
    list_only=
    wanted=
    for argument; do
        case $argument in
        --list) list_only=1 ;;
        *) wanted="$wanted $(packages_of "$argument")" || exit 2 ;;
        esac
    done
    if [ -n "$list_only" ]; then
        echo "$wanted" | tr -s ' ' '\n' | sed '/^$/d' | sort -u
        return 0
    fi
    if ! command -v dpkg-query >/dev/null; then
        echo "deps: this is not Debian, so nothing is installed; what is used here is what these packages hold:$wanted"
        return 0
    fi
    missing=$(missing_of "$wanted" | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    if prefix=$(root_prefix); then
        echo "deps: installing $missing"
        log=$(mktemp)
        install "$prefix" "$missing" >"$log" 2>&1 && status=0 || status=1
        [ "$status" -eq 0 ] || tail -n 20 "$log"
        rm -f "$log"
        [ "$status" -eq 0 ] && return 0
    fi
    echo "deps: packages are missing. As root: apt-get install --no-install-recommends $missing" >&2
    return 1
}

main "$@"
