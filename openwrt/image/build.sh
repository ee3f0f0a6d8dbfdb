#!/bin/sh
# An image with asicd inside: build.sh PROFILE IMAGEBUILDER PACKAGES [FILES]
#
#   PROFILE       a name of the file "profiles" beside this
#   IMAGEBUILDER  an unpacked ImageBuilder of OpenWrt for that profile's target
#   PACKAGES      folder with asicd's package, and node's where the release has none (README.md one level up)
#   FILES         folder laid over the image, e.g. with etc/config/network
set -eu
here=$(cd "$(dirname "$0")" && pwd)

usage() {
	echo "usage: build.sh PROFILE IMAGEBUILDER PACKAGES [FILES]" >&2
	echo "profiles: $(sed -n 's/^\([a-z0-9-]*\)|.*/\1/p' "$here/profiles" | tr '\n' ' ')" >&2
	exit 2
}

[ $# -ge 3 ] || usage
line=$(grep "^$1|" "$here/profiles") || usage
builder=$2
packages=$3
files=${4:-}

field() {
	echo "$line" | cut -d '|' -f "$1"
}

[ -f "$builder/repositories.conf" ] || [ -f "$builder/repositories" ] || {
	echo "build.sh: $builder: no ImageBuilder is unpacked there" >&2
	exit 1
}
# shellcheck disable=SC2012 # names of packages
[ -n "$(ls "$packages"/asicd[-_]* 2>/dev/null | head -n 1)" ] || {
	echo "build.sh: $packages: no package asicd in it" >&2
	exit 1
}

mkdir -p "$builder/packages"
cp "$packages"/* "$builder/packages/"
# LuCI stays out of the way of the page: uci-defaults of the package moves it to port 8080 where it is installed.
exec make -C "$builder" image \
	PROFILE="$(field 3)" \
	ROOTFS_PARTSIZE="$(field 4)" \
	PACKAGES="asicd $(field 5)" \
	FILES="$files"
