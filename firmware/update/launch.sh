#!/bin/sh
# Starts asicd: picks the version that is to run, and while a new one is on trial stays above it and goes back to the one
# before when the new one does not prove itself. Updates never change this file. README.md beside it says why it is so.
#
#   launch run --config FILE     as the init script starts it
#   launch COMMAND ...           any other command, by the version that would run
#   launch --base COMMAND ...    by the version that the package installed
#   launch --which               prints which version that is, and does nothing
set -u
LC_ALL=C
# Node 20.11, the newest for armv7, would use io_uring: a kernel thread that spins on a small processor and keeps the rights
# that the program has dropped (CVE-2024-22017). Later ones have it off.
UV_USE_IO_URING=0
# As firmware/process-memory.ts has it for the processes below; the first one cannot give it to itself.
MALLOC_ARENA_MAX=${MALLOC_ARENA_MAX:-1}
export LC_ALL UV_USE_IO_URING MALLOC_ARENA_MAX
unset CDPATH ASICD_TRIAL ASICD_LAUNCHED

home=${ASICD_ROOT:-}/usr/lib/asicd
boot=$home/boot
max_attempts=3
# Exit code by which asicd asks to be started again, as another version is wanted (boot-file.ts).
again_code=75

say() {
  echo "asicd launch: $*" >&2
}

# $1: given, $2: when that is no number of seconds from 1 to 99999
seconds_or() {
  case $1 in
    '' | 0* | *[!0-9]* | ??????*) echo "$2" ;;
    *) echo "$1" ;;
  esac
}

# asicd itself gives up after 600 s (src/update/health.ts), with a better reason than this file can have.
trial_seconds=$(seconds_or "${ASICD_TRIAL_SECONDS:-}" 720)
# The guard takes the power down in order and lets fans outlast it by 90 s (firmware/run.ts, firmware/supervisor.ts).
kill_after_seconds=$(seconds_or "${ASICD_KILL_AFTER_SECONDS:-}" 150)

is_tree_name() {
  case $1 in
    base) return 0 ;;
    versions/ | versions/.* | versions/*[!0-9A-Za-z.-]*) return 1 ;;
    versions/*) return 0 ;;
    *) return 1 ;;
  esac
}

is_sound() {
  [ -s "$home/$1/asicd.js" ] && [ -s "$home/$1/manifest.json" ]
}

# Sets run, previous, state, attempts and reason; fails for anything but a whole boot file.
read_boot() {
  run='' previous='' state='' attempts='' reason='' whole=''
  [ -f "$boot" ] && [ -r "$boot" ] && [ "$(wc -c <"$boot")" -le 4096 ] || return 1
  {
    read -r key || return 1
    [ "$key" = "asicd-boot 1" ] || return 1
    while read -r key value; do
      [ -z "$whole" ] || return 1
      case $key in
        run) run=$value ;;
        previous) previous=$value ;;
        state) state=$value ;;
        attempts) attempts=$value ;;
        reason) reason=$value ;;
        end) whole=yes ;;
      esac
    done
  } <"$boot"
  [ -n "$whole" ] || return 1
  is_tree_name "$run" || return 1
  is_tree_name "$previous" || return 1
  case $state in settled | trial | restoring | returned) ;; *) return 1 ;; esac
  case $attempts in [0-9] | [0-9][0-9]) ;; *) return 1 ;; esac
  return 0
}

# run previous state attempts reason. The old file or the new one is there at any moment.
write_boot() {
  text=$(printf 'asicd-boot 1\nrun %s\nprevious %s\nstate %s\nattempts %s\nreason %s\nend' "$@")
  { printf '%s\n' "$text" >"$boot.new"; } 2>/dev/null || return 1
  # A full disk is not always told.
  [ "$(cat "$boot.new")" = "$text" ] || return 1
  sync
  mv -f "$boot.new" "$boot" 2>/dev/null || return 1
  sync
}

# Sets chosen by what read_boot found: what can be run without changing anything.
choose() {
  # One that has failed is worth less than the package's, and more than nothing.
  case $state in
    settled | trial) order="$run $previous base" ;;
    *) order="$run base $previous" ;;
  esac
  for chosen in $order; do
    is_sound "$chosen" && return 0
    say "$chosen is damaged"
  done
  chosen=base
}

choose_without_change() {
  if read_boot; then choose; else chosen=base; fi
}

is_same() {
  [ -f "$1" ] && [ -f "$2" ] && [ "$(cat "$1")" = "$(cat "$2")" ]
}

# The old file or the new one is there at any moment.
copy_to() {
  if cp -p "$1" "$2.part" 2>/dev/null && is_same "$1" "$2.part"; then
    sync
    mv -f "$2.part" "$2" && return 0
  fi
  rm -f "$2.part"
  return 1
}

# Room on a full disk, where there is no other: version $1 has failed, and $2 is the one that runs.
drop_version() {
  case $1 in versions/*) [ "$1" != "$2" ] && [ -d "$home/$1" ] || return 0 ;; *) return 0 ;; esac
  # What keeps files from being written may have damaged others.
  if ! is_sound "$2" && ! is_sound base; then
    say "$1 is kept: neither $2 nor base could be started"
    return 0
  fi
  # On a disk that cannot be written, rm would say so for each file.
  if rm -rf "${home:?}/$1" 2>/dev/null; then
    say "$1 is removed, as its room is needed"
  else
    say "$1 cannot be removed"
  fi
  sync
}

# The settings as they were before version $1, for $2; what $1 made of them is kept beside them as FILE.newer if it fits.
# May be cut off anywhere and done again.
restore_settings() {
  kept=$home/settings/${1#versions/}
  for named in "$kept"/*.path; do
    [ -f "$named" ] || continue
    path=''
    read -r path <"$named"
    case $path in /*) ;; *) continue ;; esac
    copy=${named%.path}
    if [ -f "$copy" ]; then
      is_same "$copy" "$path" && continue
      if [ -f "$path" ] && ! copy_to "$path" "$path.newer"; then
        say "$path: what the newer version made of it cannot be kept"
      fi
      copy_to "$copy" "$path" && continue
      rm -f "$path.newer"
      drop_version "$1" "$2"
      if ! copy_to "$copy" "$path"; then
        say "$path: cannot be restored"
        return 1
      fi
    elif [ -f "$path" ]; then
      # There was none before.
      mv -f "$path" "$path.newer" || return 1
    fi
  done
  sync
}

# $1: why the version that is on trial leaves. Sets back. Fails when that cannot be written down, or there is nothing to go
# back to.
go_back() {
  back=$previous
  is_sound "$back" || back=base
  if ! is_sound "$back"; then
    say "$run stays, though $1: there is no sound version to go back to"
    return 1
  fi
  say "$run goes back to $back: $1"
  write_boot "$back" "$run" restoring 0 "$1" && return 0
  drop_version "$run" "$back"
  write_boot "$back" "$run" restoring 0 "$1" && return 0
  say "$boot cannot be written"
  return 1
}

find_node() {
  node=${ASICD_NODE:-}
  [ -n "$node" ] && [ -x "$node" ] && return 0
  node=$home/node/bin/node
  [ -x "$node" ] && return 0
  node=$(command -v node) && return 0
  say "there is no Node: neither ASICD_NODE, nor $home/node/bin/node, nor one in PATH"
  exit 127
}

# Words for Node that this version was measured with, e.g. --max-semi-space-size=1
read_node_options() {
  node_options=''
  [ -f "$home/$1/node-options" ] && read -r node_options <"$home/$1/node-options"
  case $node_options in *[!0-9A-Za-z=_,.\ -]*) node_options='' ;; esac
}

asked=''
child=''
forward() {
  asked=$1
  [ -z "$child" ] || kill -s "$1" "$child" 2>/dev/null
}

# Interrupted by any signal that has a trap.
pause_second() {
  sleep 1 &
  wait $! 2>/dev/null
}

# Sets code when the child has ended.
end_child() {
  waited=0
  while kill -0 "$child" 2>/dev/null; do
    if [ "$waited" -ge "$kill_after_seconds" ]; then
      say "it does not end: killed"
      kill -s KILL "$child" 2>/dev/null
      break
    fi
    pause_second
    waited=$((waited + 1))
  done
  reap_child
}

reap_child() {
  while :; do
    wait "$child"
    code=$?
    kill -0 "$child" 2>/dev/null || break
  done
  child=''
}

# Runs $chosen below this shell until it has ended; sets code, and late when its time ran out. $1: has a deadline
watch_child() {
  deadline=$1
  shift
  late=''
  seconds=0
  # shellcheck disable=SC2086 # several words
  ASICD_LAUNCHED=$chosen ASICD_TRIAL=$deadline "$node" $node_options "$home/$chosen/asicd.js" "$@" &
  child=$!
  # A signal that came before there was a child.
  [ -z "$asked" ] || kill -s "$asked" "$child" 2>/dev/null
  while [ -z "$asked" ] && kill -0 "$child" 2>/dev/null; do
    if [ -z "$deadline" ]; then
      # Nothing to watch any more: sleeps until the end or a signal.
      wait "$child" 2>/dev/null
      code=$?
      kill -0 "$child" 2>/dev/null && continue
      child=''
      return
    fi
    pause_second
    seconds=$((seconds + 1))
    read_boot && [ "$state" = trial ] || deadline=''
    if [ -n "$deadline" ] && [ "$seconds" -ge "$trial_seconds" ]; then
      late=yes
      kill -s TERM "$child" 2>/dev/null
      break
    fi
  done
  end_child
}

# Exits, or returns when there is something to start again.
run_once() {
  if ! read_boot; then
    chosen=base
    start_settled "$@"
    return
  fi
  if [ "$state" = restoring ]; then
    if restore_settings "$previous" "$run" && write_boot "$run" "$previous" returned 0 "$reason"; then
      say "the settings are as they were before $previous"
    else
      say "the settings are not restored; tried again at the next start"
    fi
  fi
  if [ "$state" = trial ]; then
    if ! is_sound "$run"; then
      why="its files are damaged"
    elif [ "$attempts" -ge "$max_attempts" ]; then
      why="it was started $attempts times and never reported itself healthy"
    elif write_boot "$run" "$previous" trial $((attempts + 1)) "$reason"; then
      start_on_trial "$@"
      return
    else
      # So it must not have any. Its own room may be what is missing: then this ends here. Where nothing can be written it
      # stays on trial, and what is said at each start is all that can be done.
      why="its starts cannot be counted: the boot file cannot be written"
    fi
    go_back "$why" && return
    # Anything that starts is better than nothing.
    if is_sound "$back"; then
      # It had a start before, and may have changed them.
      [ "$attempts" -eq 0 ] || restore_settings "$run" "$back" || say "the settings are not restored"
      run=$back
    fi
  fi
  choose
  start_settled "$@"
}

start_settled() {
  is_sound "$chosen" || {
    say "$home/$chosen: no version that could be started is left; install the package again"
    exit 1
  }
  read_node_options "$chosen"
  if [ -z "${ASICD_STAY:-}" ]; then
    export ASICD_LAUNCHED="$chosen"
    # shellcheck disable=SC2086 # several words
    exec "$node" $node_options "$home/$chosen/asicd.js" "$@"
  fi
  watch_child '' "$@"
  [ -z "$asked" ] && [ "$code" -eq "$again_code" ] || exit "$code"
}

start_on_trial() {
  chosen=$run
  say "$chosen on trial, attempt $((attempts + 1)) of $max_attempts"
  read_node_options "$chosen"
  watch_child yes "$@"
  [ -z "$asked" ] || exit "$code"
  # It may have settled, or chosen to go back, in its last moment.
  if ! read_boot || [ "$state" != trial ]; then
    [ "$code" -eq "$again_code" ] && return
    exit "$code"
  fi
  if [ -n "$late" ]; then
    go_back "it did not report itself healthy within $trial_seconds s"
  elif [ "$code" -eq "$again_code" ]; then
    return
  elif [ "$code" -eq 0 ]; then
    # The machine goes down, perhaps. If not, whoever started this starts it again.
    exit 0
  elif [ "$attempts" -ge "$max_attempts" ]; then
    go_back "it ended $attempts times before it was healthy, at last with exit code $code"
  else
    say "$chosen ended with exit code $code before it was healthy"
    pause_second
  fi
}

if [ "${1:-}" = --which ]; then
  choose_without_change
  echo "$chosen"
  exit 0
fi
find_node
if [ "${1:-}" = --base ]; then
  shift
  chosen=base
  ASICD_STAY='' start_settled "$@"
fi
is_daemon=''
[ "${1:-}" = run ] && is_daemon=yes
for word in "$@"; do
  case $word in --check | --help | -h) is_daemon='' ;; esac
done
if [ -z "$is_daemon" ]; then
  choose_without_change
  ASICD_STAY='' start_settled "$@"
fi
for name in TERM INT HUP; do
  # shellcheck disable=SC2064 # the name of now
  trap "forward $name" "$name"
done
while :; do
  run_once "$@"
done
