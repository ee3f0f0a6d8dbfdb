/** What the benches measured, raw; absent: not run, or failed. */
import type { FailOverResult } from "./fail-over-time.ts";
import type { GuardResult } from "./guard.ts";
import type { HandshakeResult } from "./handshake.ts";
import type { HandshakeLoadResult } from "./handshake-load.ts";
import type { LinkCostResult } from "./link-cost.ts";
import type { MemoryResult } from "./memory.ts";
import type { OperationTime } from "./microbench.ts";
import type { ColdResult, NewBlockResult } from "./new-block.ts";
import type { NonceLatencyResult } from "./nonce-latency.ts";
import type { NonceRateStep } from "./nonce-rate.ts";
import type { OperatorResult } from "./operator.ts";
import type { ProtocolCostResult } from "./protocol-cost.ts";
import type { ProtocolLatencyResult } from "./protocol-latency.ts";
import type { StandbyResult } from "./standby.ts";

export interface BenchResults {
  readonly cold?: readonly ColdResult[];
  readonly newBlock?: readonly NewBlockResult[];
  readonly nonceLatency?: NonceLatencyResult;
  readonly nonceRate?: readonly NonceRateStep[];
  readonly codec?: readonly OperationTime[];
  readonly handshake?: HandshakeResult;
  readonly memory?: MemoryResult;
  readonly guard?: GuardResult;
  readonly linkCost?: LinkCostResult;
  readonly standby?: StandbyResult;
  readonly handshakeLoad?: readonly HandshakeLoadResult[];
  readonly failOver?: readonly FailOverResult[];
  readonly protocolLatency?: readonly ProtocolLatencyResult[];
  readonly operator?: OperatorResult;
  readonly protocolCost?: readonly ProtocolCostResult[];
}
