"""pyasic on standard input and output: a JSON request a line, a JSON answer a line."""

import asyncio
import collections.abc
import json
import sys
import time
import typing

if sys.version_info < (3, 13):
    # pyasic 0.75.0 writes AsyncGenerator[dict], which typing takes from 3.13 on only.
    typing.AsyncGenerator = collections.abc.AsyncGenerator

import pyasic  # noqa: E402
from pyasic import settings  # noqa: E402


def name_of(miner):
    return None if miner is None else type(miner).__name__


async def detect(ip, times):
    found, slowest_s = {}, 0.0
    for _ in range(times):
        started = time.monotonic()
        name = name_of(await pyasic.get_miner(ip))
        slowest_s = max(slowest_s, time.monotonic() - started)
        found[str(name)] = found.get(str(name), 0) + 1
    return {"found": found, "slowestS": slowest_s}


def rate_hps(rate):
    return None if rate is None else float(rate.into(rate.unit.H).rate)


def board(one):
    return {
        "slot": one.slot,
        "hashrateHps": rate_hps(one.hashrate),
        "chips": one.chips,
        "temp": one.temp,
        "chipTemp": one.chip_temp,
        "missing": one.missing,
    }


async def data(ip):
    miner = await pyasic.get_miner(ip)
    if miner is None:
        return {"class": None}
    read = await miner.get_data()
    config = await miner.get_config()
    groups = config.pools.groups if config.pools else []
    return {
        "class": name_of(miner),
        "model": miner.model,
        "mac": read.mac,
        "hostname": read.hostname,
        "apiVersion": read.api_ver,
        "firmwareVersion": read.fw_ver,
        "hashrateHps": rate_hps(read.hashrate),
        "expectedHps": rate_hps(read.expected_hashrate),
        "boards": [board(one) for one in read.hashboards],
        "fans": [fan.speed for fan in read.fans],
        "wattage": read.wattage,
        "uptimeS": read.uptime,
        "isMining": read.is_mining,
        "faultLight": read.fault_light,
        "errors": [error.error_message for error in read.errors],
        "pools": [
            {
                "url": None if pool.url is None else str(pool.url),
                "user": pool.user,
                "alive": pool.alive,
                "active": pool.active,
                "accepted": pool.accepted,
                "rejected": pool.rejected,
            }
            for pool in read.pools
        ],
        "configuredPools": [
            {"url": pool.url, "user": pool.user} for group in groups for pool in group.pools
        ],
    }


async def control(ip, what, password=None, pool=None):
    if password is not None:
        settings.update("default_antminer_web_password", password)
    miner = await pyasic.get_miner(ip)
    if password is not None and miner.web is not None:
        miner.web.pwd = password
    try:
        if what == "set_pool":
            config = await miner.get_config()
            first = config.pools.groups[0].pools[0]
            first.url, first.user, first.password = pool["url"], pool["user"], pool["password"]
            return {"returned": await miner.send_config(config)}
        return {"returned": await getattr(miner, what)()}
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
