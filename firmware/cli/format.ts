/** Numbers as people read them: three or four significant digits, SI prefix, unit. */

const PREFIXES = ["", "k", "M", "G", "T", "P", "E"] as const;

/** "104.2 TH/s"; hashes per second below 1 keep their decimals. */
export function formatHashrate(hps: number): string {
  return withPrefix(hps, "H/s");
}

/** "65.54k", "1.000", "0.00012": a difficulty has no unit, and the simulator's are far below 1. */
export function formatDifficulty(difficulty: number): string {
  if (difficulty > 0 && difficulty < 0.001) return difficulty.toExponential(2);
  if (difficulty < 1_000) return significant(difficulty);
  return withPrefix(difficulty, "").replace(" ", "");
}

/** "59 s", "1 m 05 s", "3 h 07 m", "2 d 04 h". */
export function formatDuration(durationS: number): string {
  const s = Math.max(0, Math.floor(durationS));
  const two = (n: number) => String(n).padStart(2, "0");
  if (s < 60) return `${s} s`;
  if (s < 3_600) return `${Math.floor(s / 60)} m ${two(s % 60)} s`;
  if (s < 86_400) return `${Math.floor(s / 3_600)} h ${two(Math.floor(s / 60) % 60)} m`;
  return `${Math.floor(s / 86_400)} d ${two(Math.floor(s / 3_600) % 24)} h`;
}

/** "0.142 ms". */
export function formatMs(durationMs: number): string {
  return `${significant(durationMs)} ms`;
}

/** "÷ 2^23" for a power of two, "÷ 1000" otherwise. */
export function formatScale(scale: number): string {
  const exponent = Math.log2(scale);
  return Number.isInteger(exponent) ? `÷ 2^${exponent}` : `÷ ${scale}`;
}

/** Cut to `columns`, with an ellipsis in the last one. */
export function cut(text: string, columns: number): string {
  if (text.length <= columns) return text;
  return columns < 1 ? "" : `${text.slice(0, columns - 1)}…`;
}

function withPrefix(value: number, unit: string): string {
  let scaled = value;
  let step = 0;
  // 999.95 would be shown as "1000".
  while (Math.abs(scaled) >= 999.95 && step < PREFIXES.length - 1) {
    scaled /= 1_000;
    step++;
  }
  return `${significant(scaled)} ${PREFIXES[step]}${unit}`;
}

function significant(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size >= 100) return value.toFixed(1);
  if (size >= 10) return value.toFixed(2);
  return value.toFixed(3);
}
