# shellcheck shell=dash
# shellcheck disable=SC2034 # what asicd_load sets is read by those who include this
# What the init script, hotplug, buttons and sysupgrade have in common. Needs /lib/functions.sh.

# Machines whose power goes off by the control board's watchdog when everything else is dead (boards/, `backstop`).
ASICD_WATCHDOG_BOARDS="s19k-pro s19-xp s21 t21 s21-pro pi-uart sabrelite sabrelite-single virtual-bm1362 virtual-bm1370"
# Miners of other firmware: whoever drives power and reset lines does it alone.
ASICD_OTHER_MINERS="bmminer cgminer bosminer boser luxminer single_board_test"

asicd_load() {
	root=${IPKG_INSTROOT:-}
	lib=$root/usr/lib/asicd
	config_load asicd
	config_get_bool enabled service enabled 1
	config_get conf service conf /etc/asicd.jsonc
	config_get watchdog service watchdog auto
	config_get uart_trans service uart_trans report
	config_get board machine board ''
	config_get runtime_dir paths runtime_dir /var/run/asicd
	conf=$root$conf
	run=$root/var/run
	pidfile=$run/asicd.pid
	proc=${ASICD_PROC:-/proc}
	# node-gyp-build takes glibc's prebuilds on any system but Alpine's. Unproven on a board.
	local loader
	for loader in "$root"/lib/ld-musl-*.so.1; do
		[ ! -e "$loader" ] || export LIBC=musl
	done
}

# $1: priority, rest: one line
asicd_log() {
	local priority=$1
	shift
	logger -t asicd -p "daemon.$priority" -- "$*"
}

asicd_pid() {
	[ -f "$pidfile" ] && cat "$pidfile"
}

# $1: pid, $2: seconds
asicd_wait_for_end() {
	local waited=0
	while [ -n "$1" ] && kill -0 "$1" 2>/dev/null && [ "$waited" -lt "$2" ]; do
		sleep 1
		waited=$((waited + 1))
	done
}

# $1: seconds, rest: a command, killed and 124 when it takes longer. Not every busybox has `timeout`.
asicd_within() {
	local limit=$1 child waited=0
	shift
	"$@" &
	child=$!
	while kill -0 "$child" 2>/dev/null; do
		if [ "$waited" -ge "$limit" ]; then
			kill -s KILL "$child" 2>/dev/null
			wait "$child" 2>/dev/null
			return 124
		fi
		# Only wait is sure to reap the command.
		sleep 1 &
		wait $! 2>/dev/null
		waited=$((waited + 1))
	done
	wait "$child"
}

# $1: seconds, $2: file descriptor. busybox's flock has no -w.
asicd_lock_within() {
	local waited=0
	until flock -n "$2"; do
		[ "$waited" -lt "$1" ] || return 1
		sleep 1
		waited=$((waited + 1))
	done
}

# $1: path, all of which a reset deletes
asicd_is_settings_file() {
	case $1 in
		*/../* | */.jsonc) return 1 ;;
		/*.jsonc) [ ! -d "$1" ] ;;
		*) return 1 ;;
	esac
}

# One that was told to stop keeps the machine while its fans run on; a second one would be refused, and procd would count that
# as a crash. Whether procd itself waits is unproven.
asicd_let_leave() {
	[ -f "$run/asicd-leaving" ] || return 0
	asicd_wait_for_end "$(cat "$run/asicd-leaving")" 200
	rm -f "$run/asicd-leaving"
}

# Prints what was done, in words; problems go to the log. Nothing is lost when it fails: asicd runs with what it had. It has
# an end, as it is done by the version that would run, which may be one on trial that hangs: only `launch run` would judge that.
asicd_sync() {
	mkdir -p "$run"
	(
		limit=${ASICD_SYNC_SECONDS:-90}
		# One at a time: the init script and watch.sh both do it.
		asicd_lock_within $((limit + 5)) 9 || {
			asicd_log err "/etc/config/asicd is not taken over: somebody else has been at it for too long"
			exit 1
		}
		umask 077
		problems=$run/asicd-sync.problems
		words=$run/asicd-sync.words
		rm -f "$problems" "$words"
		# Into files: whatever is left of it holds no pipe that somebody reads to its end.
		asicd_within "$limit" "$lib/launch" config sync "$root/etc/config/asicd" --uci --config "$conf" >"$words" 2>"$problems" 9>&-
		code=$?
		[ "$code" != 124 ] || asicd_log err "asicd config sync did not end within $limit s: killed"
		while read -r line; do
			asicd_log "$([ "$code" = 0 ] && echo notice || echo err)" "$line"
		done <"$problems"
		[ "$code" != 0 ] || cat "$words"
		[ "$code" = 0 ] || asicd_log err "/etc/config/asicd is not in force; asicd goes by $conf"
		exit "$code"
	) 9>"$run/asicd-sync.lock"
}

# $1: word in the boot file, which firmware/update/launch.sh describes
asicd_boot_says() {
	sed -n "s/^$1 //p" "$lib/boot" 2>/dev/null
}

# run previous state reason
asicd_write_boot() {
	printf 'asicd-boot 1\nrun %s\nprevious %s\nstate %s\nattempts 0\nreason %s\nend\n' "$@" >"$lib/boot.new" &&
		mv -f "$lib/boot.new" "$lib/boot"
}

# After an upgrade of the package its own version runs, and no older one that an update brought. One on trial goes back first:
# the launcher restores the settings, and then starts `true` for Node. Needs lib.
asicd_forget_versions() {
	[ -f "$lib/boot" ] || return 0
	[ "$(asicd_boot_says state)" != trial ] ||
		asicd_write_boot "$(asicd_boot_says previous)" "$(asicd_boot_says run)" restoring "the package was upgraded"
	if [ "$(asicd_boot_says state)" = restoring ]; then
		ASICD_STAY='' ASICD_NODE=$(asicd_true) "$lib/launch" run >/dev/null 2>&1
		[ "$(asicd_boot_says state)" = returned ] || asicd_log err "settings of before $(asicd_boot_says previous) could not be restored"
	fi
	asicd_log notice "the package's version runs from now on, not $(asicd_boot_says run)"
	rm -f "$lib/boot" "$lib/boot.new"
}

# The program, not the builtin.
asicd_true() {
	local file
	for file in /bin/true /usr/bin/true; do
		[ ! -x "$file" ] || { echo "$file"; return; }
	done
}

asicd_wants_watchdog() {
	case $watchdog in
		asicd) return 0 ;;
		auto) ;;
		*) return 1 ;;
	esac
	[ -n "$board" ] || return 0
	case " $ASICD_WATCHDOG_BOARDS " in
		*" $board "*) return 0 ;;
		*) return 1 ;;
	esac
}

# Taken from procd, and not given back.
asicd_has_watchdog() {
	[ -f "$run/asicd-watchdog" ] && [ "$(cat "$run/asicd-watchdog")" != procd ]
}

# Not any more when the page, or UCI, has said since the start which machine this is: asicd goes on by itself then.
asicd_watchdog_fits() {
	if asicd_wants_watchdog; then asicd_has_watchdog; else ! asicd_has_watchdog; fi
}

# procd pets the watchdog from the first second on, and holds it: a second program gets "busy". Given up in order it does
# not run at all until the guard opens it, and then a guard that no longer decides lets the board reset.
asicd_take_watchdog() {
	asicd_wants_watchdog || {
		asicd_give_watchdog
		return 0
	}
	echo asicd >"$run/asicd-watchdog"
	ubus call system watchdog '{"magicclose":true}' >/dev/null 2>&1
	case $(ubus call system watchdog '{"stop":true}' 2>/dev/null) in
		*'"offline"'*) ;;
		'') asicd_log warn "ubus does not answer: whoever holds the watchdog keeps it" ;;
		*) asicd_log err "procd keeps the watchdog: the guard cannot have it, and a board without a heartbeat of its own is blind" ;;
	esac
}

# What no guard has opened. Where one holds it after all, procd gets it when asicd ends: the note stays for that.
asicd_give_watchdog() {
	asicd_has_watchdog || return 0
	echo procd >"$run/asicd-watchdog"
	ubus call system watchdog '{"stop":false}' >/dev/null 2>&1
}

# procd gets it back when the guard has ended in order, which its fans may delay, unless somebody has started asicd again.
asicd_return_watchdog() {
	[ -f "$run/asicd-watchdog" ] || return 0
	echo procd >"$run/asicd-watchdog"
	(
		# shellcheck disable=SC3023 # the lock of procd.sh; ash has such numbers
		exec 1000>&-
		asicd_wait_for_end "$(asicd_pid)" 200
		[ "$(cat "$run/asicd-watchdog" 2>/dev/null)" = procd ] || exit 0
		rm -f "$run/asicd-watchdog"
		ubus call system watchdog '{"stop":false}'
	) >/dev/null 2>&1 </dev/null &
}

# $1: folder of a process. Any account may call a process what it likes; only root has the lines of power and reset.
asicd_is_root() {
	grep -qs '^Uid:[[:space:]]*[0-9][0-9]*[[:space:]][[:space:]]*0[[:space:]]' "$1/status"
}

# One line each: "refuse" or "warn", and what it is.
asicd_conflicts() {
	local file name pid
	if grep -qs '^uart_trans ' "$proc/modules"; then
		echo "refuse the kernel module uart_trans owns the serial ports of the chains: rmmod uart_trans, or option uart_trans 'unload'"
	fi
	for file in "$proc"/[0-9]*/comm; do
		read -r name 2>/dev/null <"$file" || continue
		pid=${file%/comm}
		case " $ASICD_OTHER_MINERS " in
			*" $name "*) asicd_is_root "$pid" && echo "refuse $name runs (process ${pid##*/}): two programs on the same power and reset lines can burn boards; stop and disable it" ;;
		esac
		case $name in
			getty | askfirst | login | agetty)
				# The console of these boards is ttyS0; chains begin with 1.
				case $(readlink "$pid/fd/0" 2>/dev/null) in
					/dev/tty[SO][1-9]* | /dev/ttyAMA[1-9]* | /dev/ttymxc[2-9]*)
						echo "warn $name (process ${pid##*/}) sits on $(readlink "$pid/fd/0"): if that is a chain's port, take it out of /etc/inittab"
						;;
				esac
				;;
		esac
	done
	if [ "$(uci -q get uhttpd.main)" = uhttpd ]; then
		case " $(uci -q get uhttpd.main.listen_http) " in
			*":80 "*)
				case " $(uci -q get asicd.api.listen) " in
					*":80 "* | "  ") echo "warn uhttpd (LuCI) is set to port 80, which asicd's page wants: uci set uhttpd.main.listen_http=0.0.0.0:8080" ;;
				esac
				;;
		esac
	fi
}

# True when asicd must not be started.
asicd_refuses_conflicts() {
	local kind text refused=1
	if [ "$uart_trans" = unload ] && grep -qs '^uart_trans ' "$proc/modules"; then
		rmmod uart_trans && asicd_log notice "the kernel module uart_trans was unloaded"
	fi
	asicd_conflicts >"$run/asicd-conflicts.$$"
	while read -r kind text; do
		if [ "$kind" = refuse ]; then
			asicd_log err "not started: $text"
			refused=0
		else
			asicd_log warn "$text"
		fi
	done <"$run/asicd-conflicts.$$"
	rm -f "$run/asicd-conflicts.$$"
	return "$refused"
}
