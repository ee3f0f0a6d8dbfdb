# shellcheck shell=dash
# Lamps that the kernel drives (gpio-leds): the guard cannot have their lines, so they are set from here. Lamps that are bare
# lines are the guard's (firmware/guard/lamps.ts), and this leaves them alone.

# $1: name in /sys/class/leds, $2: 1 or 0
asicd_set_lamp() {
	local led=${ASICD_SYS:-/sys}/class/leds/$1
	[ -n "$1" ] && [ -e "$led/brightness" ] || return 0
	[ "$(cat "$led/brightness")" = "$2" ] && return 0
	[ -e "$led/trigger" ] && echo none >"$led/trigger" 2>/dev/null
	echo "$2" >"$led/brightness"
}

# Green: runs, drives a machine and has no fault latched; red: everything else, also a machine that nobody has named yet.
asicd_show_lamps() {
	local green red record latched pid
	config_get green service led_green ''
	config_get red service led_red ''
	[ -n "$green$red" ] || return 0
	pid=$(asicd_pid)
	# The guard's own (firmware/board-record.ts): there as soon as it has taken a machine, gone after an orderly end.
	record=$root$runtime_dir/machine.json
	latched=$(sed -n 's/.*"latched":\[\([^]]\).*/\1/p' "$record" 2>/dev/null)
	if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ -f "$record" ] && [ -z "$latched" ]; then
		asicd_set_lamp "$green" 1
		asicd_set_lamp "$red" 0
	else
		asicd_set_lamp "$green" 0
		asicd_set_lamp "$red" 1
	fi
}
