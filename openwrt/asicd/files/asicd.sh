#!/bin/sh
# As in openwrt.sh.
for loader in "${ASICD_ROOT:-}"/lib/ld-musl-*.so.1; do
	[ ! -e "$loader" ] || export LIBC=musl
done
exec "${ASICD_ROOT:-}/usr/lib/asicd/launch" "$@"
