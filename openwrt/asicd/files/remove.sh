#!/bin/sh
# Before the package is removed: what uci-defaults changed of others goes back. Settings, keys and history stay with the operator.
# With the word "upgrade": before another one takes its place.
root=${IPKG_INSTROOT:-}

if [ "${1:-}" = upgrade ]; then
	lib=$root/usr/lib/asicd
	. "$lib/openwrt.sh"
	asicd_forget_versions
	exit 0
fi

if [ -f "$root/etc/asicd/uhttpd.before" ]; then
	while read -r option addresses; do
		uci -q delete "uhttpd.main.$option"
		for address in $addresses; do
			uci add_list "uhttpd.main.$option=$address"
		done
	done <"$root/etc/asicd/uhttpd.before"
	uci commit uhttpd
	rm -f "$root/etc/asicd/uhttpd.before"
fi

uci -q delete firewall.asicd && uci -q delete firewall.asicd_mdns && uci commit firewall

rm -f "$root/etc/asicd/surroundings-set"

# Versions that updates brought; the package's own files are the package manager's business.
rm -rf "$root/usr/lib/asicd/versions" "$root/usr/lib/asicd/settings" "$root/usr/lib/asicd/boot"
exit 0
