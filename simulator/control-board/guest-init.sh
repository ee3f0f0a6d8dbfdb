#!/bin/busybox sh
# The emulated board's first process: makes a machine out of an archive, then keeps a shell open for the host.
export PATH=/bin:/usr/bin
/bin/busybox --install -s /bin

# The kernel makes it writable for everybody.
chmod 755 /
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm /run /tmp /var/lib /var/log /var/run
mount -t devpts devpts /dev/pts
mount -t tmpfs tmp /tmp

# The kernel's command line has the time at power-on; the emulated board's own clock does not run.
read -r line < /proc/cmdline
for word in $line; do
  case "$word" in
    board.time=*) now=${word#board.time=} ;;
  esac
done
read -r up _ < /proc/uptime
[ -n "$now" ] && date -s "@$((now + ${up%.*}))" > /dev/null

while read -r module; do
  insmod "/lib/modules/$module.ko" || echo "board: no module $module"
done < /lib/modules/order

ifconfig lo 127.0.0.1 up
ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up
route add default gw 10.0.2.2

echo "board: up after $(cut -d' ' -f1 /proc/uptime) s"
exec nc -ll -p 2323 -e /sbin/board-command
