/** What the package does to the system around it, and what it refuses to run beside; on a folder, with a stand-in for asicd. */
import { existsSync, statSync } from "node:fs";
import { describe, expect, test as runTest } from "vitest";
import { machines } from "../../boards/machines.ts";
import { hasBusybox } from "./needs.ts";
import { isAlive, Router, until } from "./router.ts";

/** apt-get install busybox */
const test = runTest.skipIf(!hasBusybox);

/** asicd's commands write down that they were called; probe tells what it is told to tell. */
async function router(probe: object = { board: "s21", summary: "s21 by its board" }) {
  const one = new Router();
  await one.install({ isEmpty: true });
  one.write("probe.json", JSON.stringify(probe));
  one.write(
    "usr/lib/asicd/launch",
    `#!/bin/sh
[ "$1" = run ] && exec sleep 1000
echo "$*" >>"$IPKG_INSTROOT/calls"
[ ! -e "$IPKG_INSTROOT/hangs" ] || exec sleep 1000
[ "$1" = probe ] && exec cat "$IPKG_INSTROOT/probe.json"
if [ "$1 $2" = "config sync" ]; then
	words=unchanged
	# What somebody has named on the page.
	if [ -e "$IPKG_INSTROOT/named" ]; then
		uci set asicd.machine=machine
		uci set "asicd.machine.board=$(cat "$IPKG_INSTROOT/named")"
		uci commit asicd
		rm "$IPKG_INSTROOT/named"
		touch -r "$IPKG_INSTROOT/etc/asicd.jsonc" "$IPKG_INSTROOT/etc/asicd.jsonc.uci"
		words=exported
	fi
	echo "$words"
fi
[ "$1 $2 $3" = "config get paused" ] && cat "$IPKG_INSTROOT/paused"
exit 0
`,
  );
  one.write("etc/asicd.jsonc", '{ "version": 1 }\n');
  return one;
}

const sourced = (file: string) => `. "$IPKG_INSTROOT/${file}"`;

describe("uci-defaults", () => {
  const run = (one: Router) => one.sh(`busybox ash "$IPKG_INSTROOT/etc/uci-defaults/60-asicd"`);

  test("name the machine, move LuCI off port 80, open the firewall to the LAN, once; removal takes it back", async () => {
    await using one = await router();
    one.write(
      "etc/config/uhttpd",
      "config uhttpd 'main'\n\tlist listen_http '0.0.0.0:80'\n\tlist listen_http '[::]:80'\n\tlist listen_https '0.0.0.0:443'\n",
    );
    one.write("etc/config/firewall", "config defaults\n\toption input 'REJECT'\n");
    await run(one);
    expect(await one.uci("get", "asicd.machine.board")).toBe("s21\n");
    expect(await one.uci("get", "uhttpd.main.listen_http")).toBe("0.0.0.0:8080 [::]:8080\n");
    expect(await one.uci("get", "uhttpd.main.listen_https")).toBe("0.0.0.0:8443 [::]:8443\n");
    expect(await one.uci("get", "firewall.asicd.src")).toBe("lan\n");
    expect(statSync(one.path("etc/config/asicd")).mode & 0o777).toBe(0o600);
    expect(existsSync(one.path("etc/asicd/state"))).toBe(true);
    const after = ["asicd", "uhttpd", "firewall"].map((name) => one.read(`etc/config/${name}`));
    await run(one);
    expect(["asicd", "uhttpd", "firewall"].map((name) => one.read(`etc/config/${name}`))).toEqual(
      after,
    );

    await one.sh(
      `busybox ash -c '. "$IPKG_INSTROOT/lib/functions.sh"; . "$IPKG_INSTROOT/usr/lib/asicd/remove.sh"'`,
    );
    expect(await one.uci("get", "uhttpd.main.listen_http")).toBe("0.0.0.0:80 [::]:80\n");
    expect(await one.uci("get", "uhttpd.main.listen_https")).toBe("0.0.0.0:443\n");
    expect((await one.run("uci -q get firewall.asicd")).code).toBe(1);
    expect(await one.uci("get", "asicd.machine.board")).toBe("s21\n");
  });

  test("guess nothing: a machine that is not known for certain is left to a person", async () => {
    await using one = await router({ board: null, summary: "it may be s21 or t21" });
    await run(one);
    expect((await one.run("uci -q get asicd.machine.board")).code).toBe(1);
    expect(one.log).toContain("which machine this is has to be said: it may be s21 or t21");
  });

  test("leave what somebody has set", async () => {
    await using one = await router();
    await one.uci("set", "asicd.machine=machine");
    await one.uci("set", "asicd.machine.board=t21");
    await one.uci("commit", "asicd");
    await run(one);
    expect(await one.uci("get", "asicd.machine.board")).toBe("t21\n");
    expect(existsSync(one.path("calls"))).toBe(false);
  });

  test("change the surroundings once: what a person has changed back stays so when the package is upgraded", async () => {
    await using one = await router();
    one.write("etc/config/uhttpd", "config uhttpd 'main'\n\tlist listen_http '0.0.0.0:80'\n");
    one.write("etc/config/firewall", "config defaults\n\toption input 'REJECT'\n");
    await run(one);
    await one.uci("delete", "firewall.asicd");
    await one.uci("set", "uhttpd.main.listen_http=0.0.0.0:80");
    await one.sh("uci commit");
    await run(one);
    expect(await one.uci("get", "uhttpd.main.listen_http")).toBe("0.0.0.0:80\n");
    expect((await one.run("uci -q get firewall.asicd")).code).toBe(1);
    expect(one.read("lib/upgrade/keep.d/asicd")).toContain("/etc/asicd/surroundings-set\n");
  });

  test("do not wait for a version that hangs", async () => {
    await using one = await router();
    one.write("hangs", "");
    await one.sh(`busybox ash "$IPKG_INSTROOT/etc/uci-defaults/60-asicd"`, {
      ASICD_PROBE_SECONDS: "1",
    });
    expect(one.log).toContain("asicd probe does not run on this system");
  });
});

describe("a version on trial", () => {
  const BOOT = (run: string, previous: string, state: string) =>
    `asicd-boot 1\nrun ${run}\nprevious ${previous}\nstate ${state}\nattempts 1\nreason it\nend\n`;
  const upgrade = (one: Router) =>
    one.sh(
      `busybox ash -c '. "$IPKG_INSTROOT/lib/functions.sh"; set -- upgrade; . "$IPKG_INSTROOT/usr/lib/asicd/remove.sh"'`,
    );

  test("that hangs when the settings are brought in step does not keep asicd from its start, nor does another sync", async () => {
    await using one = await router();
    one.write("hangs", "");
    await one.sh(`"$IPKG_INSTROOT/etc/init.d/asicd" start`, { ASICD_SYNC_SECONDS: "1" });
    await until(() => one.pid);
    expect(one.log).toContain("asicd config sync did not end within 1 s: killed");
    expect(statSync(one.path("var/run/asicd-sync.problems")).mode & 0o777).toBe(0o600);

    await one.init("stop");
    await until(() => one.pid === undefined);
    const lock = `exec 8>"$IPKG_INSTROOT/var/run/asicd-sync.lock"; flock 8; "$IPKG_INSTROOT/etc/init.d/asicd" start 8>&-; true`;
    await one.sh(lock, { ASICD_SYNC_SECONDS: "-3" });
    await until(() => one.pid);
    expect(one.log).toContain("somebody else has been at it for too long");
  });

  test("goes when the package is upgraded, and the settings of before come back", async () => {
    for (const state of ["trial", "restoring", "settled"]) {
      await using one = new Router();
      await one.install({ isEmpty: true });
      const [run, previous] = ["versions/2-b", "versions/1-a"];
      one.write(
        "usr/lib/asicd/boot",
        state === "restoring" ? BOOT(previous, run, state) : BOOT(run, previous, state),
      );
      one.write("usr/lib/asicd/settings/2-b/0", "old\n");
      one.write("usr/lib/asicd/settings/2-b/0.path", `${one.path("etc/asicd.jsonc")}\n`);
      one.write("etc/asicd.jsonc", "new\n");
      await upgrade(one);
      expect(one.exists("usr/lib/asicd/boot"), state).toBe(false);
      expect(one.read("etc/asicd.jsonc"), state).toBe(state === "settled" ? "new\n" : "old\n");
      expect(await one.sh(`"$IPKG_INSTROOT/usr/lib/asicd/launch" --which`)).toBe("base\n");
    }
  });
});

describe("watch.sh", () => {
  test("looks once at a file whose time is in the future", async () => {
    await using one = await router();
    await one.init("start");
    await until(() => one.exists("calls"));
    await one.sh(
      "rm -f calls; touch etc/asicd.jsonc.uci; touch -d '2037-01-01 00:00:00' etc/asicd.jsonc",
    );
    const syncs = () => (one.exists("calls") ? one.read("calls").split("\n").length - 1 : 0);
    await until(() => syncs() > 0);
    await one.sh("sleep 5");
    expect(syncs()).toBe(1);
  });
});

describe("native packages", () => {
  test("are musl's where the system is", async () => {
    await using one = await router();
    await one.init("start");
    expect(one.exists("tmp/procd/asicd/run/env")).toBe(false);
    await one.init("stop");
    one.write("lib/ld-musl-aarch64.so.1", "");
    await one.init("start");
    expect(one.read("tmp/procd/asicd/run/env")).toBe("LIBC=musl\n");
  });
});

describe("what is in the way", () => {
  test("another miner, or uart_trans on the ports: not started, and the log says what to do", async () => {
    await using one = await router();
    one.write("proc/modules", "uart_trans 16384 1 - Live 0x0\n");
    one.write("proc/4711/comm", "bmminer\n");
    one.write("proc/4711/status", "Name:\tbmminer\nUid:\t0\t0\t0\t0\n");
    // What an account without rights calls its processes is its own business.
    one.write("proc/4712/comm", "cgminer\n");
    one.write("proc/4712/status", "Name:\tcgminer\nUid:\t490\t490\t490\t490\n");
    expect((await one.run(`"$IPKG_INSTROOT/etc/init.d/asicd" start`)).code).toBe(0);
    expect(one.isWanted).toBe(false);
    expect(one.log).toMatch(/daemon\.err asicd: not started: the kernel module uart_trans owns/);
    expect(one.log).toMatch(/daemon\.err asicd: not started: bmminer runs \(process 4711\)/);
    expect(await one.init("conflicts")).toMatch(/^refuse the kernel.*\nrefuse bmminer.*\n$/);
  });

  test("uart_trans is unloaded where that is allowed, a getty on a chain's port is named, and both start", async () => {
    await using one = await router();
    one.write("proc/modules", "uart_trans 16384 1 - Live 0x0\nlm75 1 0 - Live 0x0\n");
    one.write("proc/12/comm", "getty\n");
    await one.sh(`mkdir -p proc/12/fd && ln -s /dev/ttyS2 proc/12/fd/0`);
    await one.uci("set", "asicd.service.uart_trans=unload");
    await one.uci("commit", "asicd");
    await one.init("start");
    await until(() => one.pid);
    expect(one.read("proc/modules")).toBe("lm75 1 0 - Live 0x0\n");
    expect(one.log).toMatch(/daemon\.warn asicd: getty \(process 12\) sits on \/dev\/ttyS2/);
  });

  test("a service that is switched off is not started", async () => {
    await using one = await router();
    await one.uci("set", "asicd.service.enabled=0");
    await one.uci("commit", "asicd");
    await one.init("start");
    expect(one.isWanted).toBe(false);
    expect(one.log).toContain("asicd.service.enabled is 0");
  });
});

describe("the watchdog", () => {
  const listed = async (one: Router) =>
    one.sh(`${sourced("usr/lib/asicd/openwrt.sh")}; echo $ASICD_WATCHDOG_BOARDS`);

  test("is wanted for just those machines whose declarations hang on it", async () => {
    await using one = await router();
    const declared = machines.filter(({ backstop }) => backstop.by === "watchdog");
    expect((await listed(one)).trim().split(" ").sort()).toEqual(
      declared.map(({ id }) => id).sort(),
    );
  });

  test("stays procd's on a machine that does not need it", async () => {
    await using one = await router();
    await one.uci("set", "asicd.machine=machine");
    await one.uci("set", "asicd.machine.board=s19j-pro");
    await one.uci("commit", "asicd");
    await one.init("start");
    expect(existsSync(one.path("tmp/ubus.log"))).toBe(false);
    await until(() => one.pid);
  });
});

describe("the watchdog of a machine that is named over the page", { timeout: 60_000 }, () => {
  async function started(board?: string) {
    const one = await router();
    if (board !== undefined) {
      await one.uci("set", "asicd.machine=machine");
      await one.uci("set", `asicd.machine.board=${board}`);
      await one.uci("commit", "asicd");
    }
    await one.init("start");
    return { one, pid: await until(() => one.pid) };
  }
  const name = (one: Router, board: string) => {
    one.write("named", `${board}\n`);
    return one.sh("touch etc/asicd.jsonc.uci; sleep 1; touch etc/asicd.jsonc");
  };
  const holder = (one: Router) =>
    one.exists("tmp/watchdog") ? one.read("tmp/watchdog").trim() : "procd";

  test.for([
    ["no-such-board", "s21"],
    ["bitaxe-gamma", "s21"],
    ["no-such-board", ""],
  ] as const)(
    "is the guard's after one restart, where procd had kept it for %s and it is called '%s'",
    async ([wrong, right]) => {
      const { one, pid } = await started(wrong);
      await using _one = one;
      expect(holder(one)).toBe("procd");
      await name(one, right);
      const next = await until(() => (one.pid === pid ? undefined : one.pid));
      expect(holder(one)).toBe("nobody");
      // It looks each second; and something else is changed.
      await one.sh("sleep 3; touch etc/asicd.jsonc; sleep 3");
      expect(one.pid).toBe(next);
    },
  );

  test("is procd's again without a restart, where the machine does not need it", async () => {
    const { one, pid } = await started();
    await using _one = one;
    expect(holder(one)).toBe("nobody");
    await name(one, "s19j-pro");
    await until(() => holder(one) === "procd");
    expect(one.pid).toBe(pid);
    await one.init("reload");
    expect(one.pid).toBe(pid);
    await one.init("stop");
    await until(() => one.pid === undefined);
    expect(holder(one)).toBe("procd");
  });

  test("is the guard's from the start, where the name came to UCI with that start", async () => {
    await using one = await router();
    await one.uci("set", "asicd.machine=machine");
    await one.uci("set", "asicd.machine.board=no-such-board");
    await one.uci("commit", "asicd");
    one.write("named", "s21\n");
    await one.init("start");
    expect(holder(one)).toBe("nobody");
  });

  test("is the guard's, where a reload was faster than the look at the page", async () => {
    const { one, pid } = await started("no-such-board");
    await using _one = one;
    one.write("named", "s21\n");
    await one.init("reload");
    await until(() => one.pid !== undefined && one.pid !== pid);
    expect(holder(one)).toBe("nobody");
  });

  test("costs no restart when UCI cannot be read", async () => {
    const { one, pid } = await started("s19j-pro");
    await using _one = one;
    one.write("etc/config/asicd", "config main 'main'\n\toption name 'half\n");
    await one.sh("sleep 5");
    expect(one.log).not.toContain("need a restart");
    expect(one.pid).toBe(pid);
    expect(holder(one)).toBe("procd");
  });
});

describe("hotplug", () => {
  const plug = (one: Router, env: NodeJS.ProcessEnv = {}) =>
    one.sh(
      `busybox ash -c '. "$IPKG_INSTROOT/lib/functions.sh"; . "$IPKG_INSTROOT/etc/hotplug.d/tty/60-asicd"'`,
      {
        ACTION: "add",
        DEVICENAME: "ttyACM0",
        DEVPATH: "/devices/usb1/1-1/1-1:1.0/tty/ttyACM0",
        ...env,
      },
    );

  test("a known board starts a service that is down; anything else does not", async () => {
    await using one = await router();
    one.write("sys/devices/usb1/1-1/manufacturer", "FTDI\n");
    one.write("sys/devices/usb1/1-1/product", "a cable\n");
    await one.sh("mkdir -p sys/devices/usb1/1-1/1-1:1.0/tty/ttyACM0");
    await plug(one);
    expect(one.isWanted).toBe(false);
    one.write("sys/devices/usb1/1-1/manufacturer", "OSMU\n");
    one.write("sys/devices/usb1/1-1/product", "Bitaxe Gamma\n");
    await plug(one, { ACTION: "remove" });
    await plug(one, { DEVICENAME: "ttyS1" });
    expect(one.isWanted).toBe(false);
    await plug(one);
    const pid = await until(() => one.pid);
    await plug(one);
    expect(one.pid).toBe(pid);
  });
});

describe("the button", () => {
  const press = async (one: Router, seen: string, action = "released") => {
    await one.sh(`rm -f calls; busybox ash "$IPKG_INSTROOT/etc/rc.button/BTN_1"`, {
      ACTION: action,
      SEEN: seen,
    });
    return existsSync(one.path("calls"))
      ? one
          .read("calls")
          .split("\n")
          .filter((call) => !call.startsWith("config"))
      : [];
  };

  test("identifies, pauses, resumes; resets only when allowed, and neither for a jammed nor for a slipped finger", async () => {
    await using one = await router();
    one.write("paused", "false\n");
    expect(await press(one, "0", "pressed")).toEqual([]);
    expect(await press(one, "1")).toEqual(["identify --seconds 60", ""]);
    expect(await press(one, "4")).toEqual(["pause", ""]);
    one.write("paused", "true\n");
    expect(await press(one, "4")).toEqual(["resume", ""]);
    for (const seen of ["12", "20", "40", "x"]) {
      await press(one, seen);
      expect(existsSync(one.path("etc/asicd.jsonc")), seen).toBe(true);
    }
    await one.uci("set", "asicd.machine=machine");
    await one.uci("set", "asicd.machine.board=s21");
    await one.uci("set", "asicd.service.button_factory_reset=1");
    await one.uci("commit", "asicd");
    one.write("etc/asicd/state/operator/secrets-a", "planted");
    one.write("usr/lib/asicd/settings/2-b/0", "planted");
    one.write(
      "usr/lib/asicd/boot",
      "asicd-boot 1\nrun versions/2-b\nprevious base\nstate settled\nattempts 0\nreason it\nend\n",
    );
    for (const conf of ["/etc/", "/etc/../.jsonc", "/etc"]) {
      await one.uci("set", `asicd.service.conf=${conf}`);
      await one.uci("commit", "asicd");
      await press(one, "20");
      expect(existsSync(one.path("etc/asicd/state/operator/secrets-a")), conf).toBe(true);
    }
    await one.uci("set", "asicd.service.conf=/etc/asicd.jsonc");
    await one.uci("commit", "asicd");
    await press(one, "40");
    expect(existsSync(one.path("etc/asicd.jsonc"))).toBe(true);
    await press(one, "20");
    expect(existsSync(one.path("etc/asicd.jsonc"))).toBe(false);
    expect(existsSync(one.path("etc/asicd/state/operator"))).toBe(false);
    expect(existsSync(one.path("usr/lib/asicd/settings"))).toBe(false);
    // Without a reason the page says nothing of it.
    expect(one.read("usr/lib/asicd/boot")).toMatch(
      /^run versions\/2-b\nprevious versions\/2-b\nstate settled\nattempts 0\nreason \nend$/m,
    );
    expect(await one.uci("get", "asicd.machine.board")).toBe("s21\n");
    expect(await one.uci("get", "asicd.service.button_factory_reset")).toBe("0\n");
  });
});

describe("the button where its lock cannot be written", () => {
  test("does its work, and resets", async () => {
    for (const shell of ["busybox ash", "dash"]) {
      await using one = await router();
      if ((await one.run(`command -v ${shell.split(" ")[0]}`)).code !== 0) continue;
      await one.uci("set", "asicd.service.button_factory_reset=1");
      await one.uci("set", "asicd.machine=machine");
      await one.uci("set", "asicd.machine.board=s21");
      await one.uci("commit", "asicd");
      for (const name of ["button.lock", "board"])
        await one.sh(`mkdir -p "$IPKG_INSTROOT/var/run/asicd-${name}"`);
      const press = (seen: string) =>
        one.sh(`${shell} "$IPKG_INSTROOT/etc/rc.button/BTN_1"`, { ACTION: "released", SEEN: seen });
      await press("1");
      expect(one.read("calls"), shell).toBe("identify --seconds 60\n");
      await press("20");
      expect(existsSync(one.path("etc/asicd.jsonc")), shell).toBe(false);
      expect(await one.uci("get", "asicd.machine.board"), shell).toBe("s21\n");
      expect(one.log, shell).toContain("cannot be written: the button does its work without it");
    }
  });
});

describe("the button of an asicd that hangs", () => {
  async function hanging() {
    const one = await router();
    one.write(
      "usr/lib/asicd/launch",
      `#!/bin/sh
[ "$1" = run ] && exec sleep 1000
echo "$*" >>"$IPKG_INSTROOT/calls"
echo $$ >>"$IPKG_INSTROOT/pids"
[ "$1 $2 $3" = "config get paused" ] && [ ! -e "$IPKG_INSTROOT/all-hang" ] && echo false && exit
exec sleep 1000
`,
    );
    return one;
  }
  const press = (one: Router, seen: string, seconds = "1") =>
    one.run(`busybox ash "$IPKG_INSTROOT/etc/rc.button/BTN_1"`, {
      ACTION: "released",
      SEEN: seen,
      ASICD_BUTTON_SECONDS: seconds,
      ASICD_SYNC_SECONDS: "1",
    });
  const callsOf = (one: Router) =>
    one.exists("calls") ? one.read("calls").trim().split("\n") : [];
  const leftOf = (one: Router) => one.read("pids").trim().split("\n").map(Number).filter(isAlive);

  test("gives up in time, says so, and leaves no process behind", async () => {
    await using one = await hanging();
    await press(one, "1");
    expect(one.log).toContain("asicd identify did not end within 1 s: killed");
    await press(one, "4");
    expect(one.log).toContain("asicd pause did not end within 1 s: killed");
    one.write("all-hang", "");
    await press(one, "4");
    expect(one.log).toContain("asicd config did not end within 1 s: killed");
    expect(callsOf(one)).toEqual([
      "identify --seconds 60",
      expect.stringMatching(/^config get paused/),
      "pause",
      expect.stringMatching(/^config get paused/),
    ]);
    expect(leftOf(one)).toEqual([]);
  });

  test("is deaf to more presses meanwhile, but for the one that resets", async () => {
    await using one = await hanging();
    await one.uci("set", "asicd.service.button_factory_reset=1");
    await one.uci("commit", "asicd");
    const first = press(one, "1", "4");
    await until(() => callsOf(one).length === 1);
    await Promise.all(Array.from({ length: 5 }, () => press(one, "1", "4")));
    expect(callsOf(one)).toHaveLength(1);
    expect(one.log.split("is not over yet: this press does nothing")).toHaveLength(6);
    await press(one, "20", "4");
    expect(existsSync(one.path("etc/asicd.jsonc"))).toBe(false);
    await first;
    expect(leftOf(one)).toEqual([]);
  });
});

describe("sysupgrade and lamps", () => {
  test("before an image is written asicd is down", async () => {
    await using one = await router();
    await one.init("start");
    await until(() => one.pid);
    await one.sh(
      `sysupgrade_pre_upgrade=""; ${sourced("lib/upgrade/asicd.sh")}; for each in $sysupgrade_pre_upgrade; do $each; done`,
    );
    expect(one.pid).toBeUndefined();
  });

  test("what sysupgrade keeps exists, or may exist, and the history is not among it", async () => {
    await using one = await router();
    const kept = one.read("lib/upgrade/keep.d/asicd").trim().split("\n");
    expect(kept).toContain("/etc/asicd.jsonc");
    expect(kept).toContain("/etc/asicd/update-keys/");
    expect(kept).not.toContain("/etc/asicd/");
  });

  test("a kernel's lamps are green while asicd drives a machine without a latched trip, and red otherwise", async () => {
    await using one = await router();
    for (const led of ["green:status", "red:fault"]) {
      one.write(`sys/class/leds/${led}/brightness`, "0\n");
      one.write(`sys/class/leds/${led}/trigger`, "none\n");
    }
    await one.uci("set", "asicd.service.led_green=green:status");
    await one.uci("set", "asicd.service.led_red=red:fault");
    await one.uci("commit", "asicd");
    const show = async () => {
      await one.sh(
        `${["lib/functions.sh", "usr/lib/asicd/openwrt.sh", "usr/lib/asicd/lamps.sh"].map(sourced).join("; ")}; asicd_load; asicd_show_lamps`,
      );
      return ["green:status", "red:fault"].map((led) =>
        one.read(`sys/class/leds/${led}/brightness`).trim(),
      );
    };
    expect(await show()).toEqual(["0", "1"]);
    await one.init("start");
    await until(() => one.pid);
    // Nobody has named the machine yet.
    expect(await show()).toEqual(["0", "1"]);
    one.write("var/run/asicd/machine.json", '{"machine":{"board":"s21"},"latched":[]}\n');
    expect(await show()).toEqual(["1", "0"]);
    one.write(
      "var/run/asicd/machine.json",
      '{"machine":{"board":"s21"},"latched":[{"index":0}]}\n',
    );
    expect(await show()).toEqual(["0", "1"]);
    one.write("var/run/asicd/machine.json", '{"machine":{"board":"s21"},"latched":[]}\n');
    expect(await show()).toEqual(["1", "0"]);
  });
});
