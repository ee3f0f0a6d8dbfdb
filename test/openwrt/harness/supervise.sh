#!/bin/sh
# procd's part for one instance: supervise.sh FOLDER SERVICE [PID of the one before, which has to end first]
folder=$1
service=$2
before=${3:-}
log=$IPKG_INSTROOT/tmp/syslog

value() {
	[ -f "$folder/$1" ] && cat "$folder/$1"
}

child=''
ending=''
trap 'ending=yes; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM

while [ -n "$before" ] && kill -0 "$before" 2>/dev/null; do
	sleep 0.1
done

# shellcheck disable=SC2046 # three numbers
set -- $(value respawn)
threshold=${1:-} timeout=${2:-5} retry=${3:-5}
crashes=0

while [ -z "$ending" ]; do
	set --
	while IFS= read -r word; do set -- "$@" "$word"; done <"$folder/command"
	started=$(date +%s)
	(
		while IFS= read -r word; do [ -z "$word" ] || export "${word?}"; done <<-EOF
			$(value env)
		EOF
		trap - TERM
		exec "$@"
	) >>"$log" 2>>"$log" </dev/null &
	child=$!
	[ -f "$folder/pidfile" ] && echo "$child" >"$(value pidfile)"
	while kill -0 "$child" 2>/dev/null; do
		if [ -n "$ending" ]; then
			waited=0
			limit=$(value term_timeout)
			while kill -0 "$child" 2>/dev/null; do
				[ "$waited" -lt $((${limit:-5} * 10)) ] || kill -KILL "$child"
				sleep 0.1
				waited=$((waited + 1))
			done
			break
		fi
		wait "$child"
	done
	[ -f "$folder/pidfile" ] && rm -f "$(value pidfile)"
	child=''
	[ -n "$ending" ] && break
	[ -n "$threshold" ] || break
	if [ $(($(date +%s) - started)) -lt "$threshold" ]; then crashes=$((crashes + 1)); else crashes=0; fi
	if [ "$retry" -gt 0 ] && [ "$crashes" -gt "$retry" ]; then
		echo "daemon.err procd: Instance $service::${folder##*/} in a crash loop $crashes crashes" >>"$log"
		break
	fi
	pause=0
	while [ -z "$ending" ] && [ "$pause" -lt $((timeout * 10)) ]; do
		sleep 0.1
		pause=$((pause + 1))
	done
done
