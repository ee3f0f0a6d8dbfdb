/** The miner's program under `asicd simulate`: the same miner, only that its event loop can be blocked from outside. */
import "./block-on-signal.ts";
import "../firmware/miner/main.ts";
