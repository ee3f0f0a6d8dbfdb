#!/bin/busybox sh
# One connection, one command: a line of escaped octal numbers comes in; a line with its pid, its output and a line with its exit code go out.
exec 2>&1
# Node 20.11.0 has libuv's io_uring on: its kernel thread polls, which eats most of a single processor, and it acts with
# root's rights after a process became somebody else (CVE-2024-22017). Node 20.11.1 and later have it off.
export UV_USE_IO_URING=0
IFS= read -r line
file=$(mktemp /tmp/board.XXXXXX)
printf '%b' "$line" > "$file"
setsid sh "$file" < /dev/null &
pid=$!
echo "board-pid $pid"
wait "$pid"
code=$?
rm -f "$file"
printf '\nboard-exit %s\n' "$code"
