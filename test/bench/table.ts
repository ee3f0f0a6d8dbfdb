/** Figures beside their goals, for people. */

export interface Figure {
  readonly bench: string;
  readonly name: string;
  /** With its unit. */
  readonly value: string;
  /** Absent: no goal was set. */
  readonly goal?: { readonly text: string; readonly met: boolean };
}

const HEAD = ["benchmark", "what", "figure", "goal", ""];

export function tableOf(figures: readonly Figure[]): string {
  let bench = "";
  const rows = figures.map((figure) => {
    const repeated = figure.bench === bench;
    bench = figure.bench;
    const { text = "", met } = figure.goal ?? {};
    const mark = met === undefined ? "" : met ? "pass" : "MISS";
    return [repeated ? "" : bench, figure.name, figure.value, text, mark];
  });
  const all = [HEAD, ...rows];
  const widths = HEAD.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  lines.splice(
    1,
    0,
    widths
      .map((width) => "-".repeat(width))
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}

/** Milliseconds, shown as what reads best. */
export function duration(ms: number): string {
  if (ms < 0.01) return `${(1_000 * ms).toFixed(2)} µs`;
  if (ms < 1) return `${(1_000 * ms).toFixed(0)} µs`;
  return `${ms.toFixed(ms < 10 ? 2 : 1)} ms`;
}
