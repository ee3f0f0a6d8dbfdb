/** What is remembered, second by second, and what of the status each value comes from. */

/** As much of the status tree as is remembered. */
export interface HistorySource {
  readonly unixSeconds: number;
  readonly measuredAgoS: number | null;
  readonly hashrate: {
    readonly expectedHps: number;
    readonly hashrateHps: { readonly s5: number };
  };
  readonly temperature: { readonly hottestC: number | null };
  readonly shares: { readonly run: { readonly accepted: number; readonly rejected: number } };
  readonly power: { readonly powerW: number | null; readonly efficiencyJPerTh: number | null };
  readonly fans: { readonly targetDutyPercent: number };
  readonly boards: readonly HistoryBoard[];
  readonly processes: {
    readonly miner: { readonly state: string; readonly uptimeS: number | null };
  };
}

export interface HistoryBoard {
  readonly hashrateHps: { readonly s5: number };
  readonly frequencyMHz: number;
  readonly powerW: number | null;
  readonly sensors: readonly { readonly temperatureC: number | null }[];
}

/** Who measures it decides when it is unknown. */
type Teller = "guard" | "miner";

interface Series<T> {
  readonly name: string;
  readonly unit: string;
  readonly teller: Teller;
  readonly of: (source: T, rates: ShareRates) => number | null | undefined;
}

/** Per minute since the status before; null where that is not known. */
export interface ShareRates {
  readonly acceptedPerMin: number | null;
  readonly rejectedPerMin: number | null;
}

const machineSeries: readonly Series<HistorySource>[] = [
  row("hashrate", "H/s", "miner", ({ hashrate }) => hashrate.hashrateHps.s5),
  row("expectedHashrate", "H/s", "miner", ({ hashrate }) => hashrate.expectedHps),
  row("power", "W", "guard", ({ power }) => power.powerW),
  row("efficiency", "J/TH", "miner", ({ power }) => power.efficiencyJPerTh),
  row("acceptedRate", "1/min", "miner", (_, { acceptedPerMin }) => acceptedPerMin),
  row("rejectedRate", "1/min", "miner", (_, { rejectedPerMin }) => rejectedPerMin),
  row("fanDuty", "%", "guard", ({ fans }) => fans.targetDutyPercent),
  row("temperature", "°C", "guard", ({ temperature }) => temperature.hottestC),
];

const boardSeries: readonly Series<HistoryBoard>[] = [
  row("hashrate", "H/s", "miner", ({ hashrateHps }) => hashrateHps.s5),
  row("temperature", "°C", "guard", ({ sensors }) => hottest(sensors)),
  row("frequency", "MHz", "miner", ({ frequencyMHz }) => frequencyMHz),
  row("power", "W", "guard", ({ powerW }) => powerW),
];

/** In the order of the values: the machine's first, then board by board ("board.0.hashrate"). */
export function historySeries(boards: number): readonly { name: string; unit: string }[] {
  return [
    ...machineSeries.map(({ name, unit }) => ({ name, unit })),
    ...Array.from({ length: boards }, (_, index) =>
      boardSeries.map(({ name, unit }) => ({ name: `board.${index}.${name}`, unit })),
    ).flat(),
  ];
}

/** NaN is unknown. `isKnown` says of whom there is fresh word. */
export function historyValues(
  source: HistorySource,
  boards: number,
  rates: ShareRates,
  isKnown: Readonly<Record<Teller, boolean>>,
): Float64Array {
  const values = new Float64Array(machineSeries.length + boards * boardSeries.length);
  let at = 0;
  for (const { teller, of } of machineSeries)
    values[at++] = knownOrNaN(isKnown[teller] ? of(source, rates) : null);
  for (let index = 0; index < boards; index++) {
    const board = source.boards[index];
    for (const { teller, of } of boardSeries)
      values[at++] = knownOrNaN(board !== undefined && isKnown[teller] ? of(board, rates) : null);
  }
  return values;
}

function row<T>(name: string, unit: string, teller: Teller, of: Series<T>["of"]): Series<T> {
  return { name, unit, teller, of };
}

function knownOrNaN(value: number | null | undefined): number {
  return value !== null && value !== undefined && Number.isFinite(value) ? value : Number.NaN;
}

function hottest(sensors: HistoryBoard["sensors"]): number | null {
  let found: number | null = null;
  for (const { temperatureC } of sensors)
    if (temperatureC !== null && (found === null || temperatureC > found)) found = temperatureC;
  return found;
}
