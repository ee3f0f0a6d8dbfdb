#!/bin/sh
# What the page has changed goes into /etc/config/asicd; lamps of the kernel show how it goes. A shell that sleeps: a second
# Node would cost 40 MB.
root=${IPKG_INSTROOT:-}
. "$root/lib/functions.sh"
. "$root/usr/lib/asicd/openwrt.sh"
. "$root/usr/lib/asicd/lamps.sh"

every=${ASICD_WATCH_SECONDS:-10}
asicd_load
started_for=$board
while :; do
	sleep "$every" &
	wait $!
	asicd_load
	if [ "$conf" -nt "$conf.uci" ]; then
		# Somebody may still be writing.
		sleep 1
		# By its time, not by now: that may be in the future, and somebody may write while it is read.
		seen=$run/asicd-sync.seen
		touch -r "$conf" "$seen"
		asicd_sync >/dev/null
		# Also when it failed: what is wrong is in the log once, and the next change is another chance.
		[ "$conf" -nt "$conf.uci" ] && touch -r "$seen" "$conf.uci"
		asicd_load
	fi
	# Once for each name, or none: what a reload cannot mend it would not mend again. A file with mistakes says nothing.
	if [ "$board" != "$started_for" ] && uci -q get asicd.service >/dev/null; then
		started_for=$board
		asicd_watchdog_fits || "$root/etc/init.d/asicd" reload </dev/null >/dev/null 2>&1 &
	fi
	asicd_show_lamps
done
