# shellcheck shell=dash
# shellcheck disable=SC2034 # used by eval
# What scripts of this package use of OpenWrt's /lib/functions.sh, from its documentation
# (https://openwrt.org/docs/guide-developer/config-scripting). Sections are read by the harness's own uci.

# Debian's busybox takes its own before what is in PATH.
logger() { "$ASICD_HARNESS/logger" "$@"; }
rmmod() { "$ASICD_HARNESS/rmmod" "$@"; }

config_load() {
	local kind section name value line
	[ -f "$IPKG_INSTROOT/etc/config/$1" ] || return 1
	for line in $(set | sed -n 's/^\(CONFIG_[A-Za-z0-9_]*\)=.*/\1/p'); do unset "$line"; done
	CONFIG_SECTIONS=''
	while IFS="$(printf '\t')" read -r kind section name value; do
		case $kind in
			S)
				CONFIG_SECTIONS="$CONFIG_SECTIONS $section"
				eval "CONFIG_${section}_TYPE=\$name"
				;;
			O) eval "CONFIG_${section}_${name}=\$value" ;;
			L) eval "CONFIG_${section}_${name}=\"\${CONFIG_${section}_${name}:+\$CONFIG_${section}_${name} }\$value\"" ;;
		esac
	done <<-EOF
		$(busybox awk -f "$ASICD_HARNESS/parse.awk" "$IPKG_INSTROOT/etc/config/$1")
	EOF
}

# variable, section, option, default
config_get() {
	eval "$1=\${CONFIG_${2}_${3}:-\${4:-}}"
}

config_get_bool() {
	local found
	config_get found "$2" "$3" "${4:-}"
	case $found in
		1 | on | true | yes | enabled) eval "$1=1" ;;
		0 | off | false | no | disabled) eval "$1=0" ;;
		*) eval "$1=\${4:-}" ;;
	esac
}

# function, type, further arguments
config_foreach() {
	local each=$1 wanted=$2 section type
	shift 2
	for section in $CONFIG_SECTIONS; do
		eval "type=\$CONFIG_${section}_TYPE"
		[ "$type" = "$wanted" ] && "$each" "$section" "$@"
	done
	return 0
}
