#!/bin/sh
# Puts the package's files into a folder: called by the Makefile of this package and by tests, so that both have the same.
#
#   install.sh DESTDIR TREE LAUNCH
#
# TREE: the unpacked tree of one version for one target (npm run package). LAUNCH: firmware/update/launch.sh, or the copy
# that lies in TREE's archive.
set -eu
[ $# -eq 3 ] || {
	echo "usage: install.sh DESTDIR TREE LAUNCH" >&2
	exit 2
}
dest=$1
tree=$2
launch=$3
files=$(dirname "$0")/files

[ -f "$tree/asicd.js" ] || {
	echo "install.sh: $tree: no asicd.js in it, so it is no tree of asicd" >&2
	exit 1
}

# mode, source, target
put() {
	mkdir -p "$dest$(dirname "$3")"
	cp "$2" "$dest$3"
	chmod "$1" "$dest$3"
}

lib=/usr/lib/asicd
mkdir -p "$dest$lib"
rm -rf "${dest:?}$lib/base"
cp -R "$tree" "$dest$lib/base"
put 755 "$launch" "$lib/launch"
put 644 "$files/openwrt.sh" "$lib/openwrt.sh"
put 644 "$files/lamps.sh" "$lib/lamps.sh"
put 644 "$files/watch.sh" "$lib/watch.sh"
put 644 "$files/remove.sh" "$lib/remove.sh"
put 644 "$files/asicd.config" "$lib/asicd.config"
put 755 "$files/asicd.sh" /usr/bin/asicd
put 755 "$files/asicd.init" /etc/init.d/asicd
put 600 "$files/asicd.config" /etc/config/asicd
put 755 "$files/asicd.defaults" /etc/uci-defaults/60-asicd
put 644 "$files/asicd.hotplug-tty" /etc/hotplug.d/tty/60-asicd
put 755 "$files/asicd.button" /etc/rc.button/BTN_1
put 644 "$files/asicd.upgrade" /lib/upgrade/asicd.sh
put 644 "$files/asicd.keep" /lib/upgrade/keep.d/asicd
mkdir -p "$dest/etc/asicd/update-keys"
