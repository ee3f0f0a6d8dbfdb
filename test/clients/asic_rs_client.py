"""asic-rs (pyasic_rs) on standard input and output: a JSON request a line, a JSON answer a line."""

import asyncio
import json
import sys
import time

import pyasic_rs
from pyasic_rs import MinerFactory


def name_of(miner):
    return None if miner is None else f"{miner.make} {miner.model} ({miner.firmware})"


async def detect(ip, times):
    found, slowest_s = {}, 0.0
    for _ in range(times):
        started = time.monotonic()
        name = name_of(await MinerFactory().get_miner(ip))
        slowest_s = max(slowest_s, time.monotonic() - started)
        found[str(name)] = found.get(str(name), 0) + 1
    return {"found": found, "slowestS": slowest_s}


def rate_hps(rate):
    return None if rate is None else float(rate.as_unit(pyasic_rs.asic_rs.HashRateUnit.Hash).value)


def board(one):
    return {
        "slot": one.position,
        "hashrateHps": rate_hps(one.hashrate),
        "chips": one.working_chips,
        "temp": one.board_temperature,
        "chipTemp": one.outlet_chip_temperature,
        "missing": False,
    }


async def data(ip):
    miner = await MinerFactory().get_miner(ip)
    if miner is None:
        return {"class": None}
    read = await miner.get_data()
    return {
        "class": name_of(miner),
        "model": miner.model,
        "mac": read.mac,
        "hostname": read.hostname,
        "apiVersion": read.api_version,
        "firmwareVersion": read.firmware_version,
        "hashrateHps": rate_hps(read.hashrate),
        "expectedHps": rate_hps(read.expected_hashrate),
        "boards": [board(one) for one in read.hashboards],
        "fans": [fan.rpm for fan in read.fans],
        "wattage": read.wattage,
        "uptimeS": None if read.uptime is None else read.uptime.total_seconds(),
        "isMining": read.is_mining,
        "faultLight": read.light_flashing,
        "errors": [message.message for message in read.messages],
        "pools": [
            {
                "url": None if pool.url is None else str(pool.url),
                "user": pool.user,
                "alive": pool.alive,
                "active": pool.active,
                "accepted": pool.accepted_shares,
                "rejected": pool.rejected_shares,
            }
            for group in read.pools
            for pool in group.pools
        ],
        "configuredPools": [],
    }


async def control(ip, what, password=None, pool=None):
    miner = await MinerFactory().get_miner(ip)
    try:
        if password is not None:
            miner.set_auth("root", password)
        if what == "fault_light_on":
            return {"returned": await miner.set_fault_light(True)}
        if what == "fault_light_off":
            return {"returned": await miner.set_fault_light(False)}
        if what == "set_pool":
            groups = await miner.get_pools_config()
            others = [one for group in groups for one in group.pools][1:]
            first = pyasic_rs.Pool(
                url=pool["url"], username=pool["user"], password=pool["password"]
            )
            group = pyasic_rs.PoolGroup(name="pools", quota=1, pools=[first, *others])
            return {"returned": await miner.set_pools_config([group])}
        names = {"stop_mining": "pause", "resume_mining": "resume", "reboot": "restart"}
        return {"returned": await getattr(miner, names.get(what, what))()}
    except Exception as error:  # whatever it raises is its answer
        return {"raised": f"{type(error).__name__}: {error}"}


async def main():
    actions = {"detect": detect, "data": data, "control": control}
    for line in sys.stdin:
        request = json.loads(line)
        run = actions[request.pop("do")]
        try:
            answer = await run(**request)
        except Exception as error:
            answer = {"raised": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, default=str), flush=True)


asyncio.run(main())
