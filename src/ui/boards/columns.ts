/** How a map of chips is divided into rows. */

/** A number of three digits, and large enough for a finger (24 px at least, WCAG 2.5.8). */
const CELL_PX = 35;
const EDGES_PX = 24;
/** Below this part of the room an even last row is not worth its narrowness. */
const WORTH = 0.6;

export function columnsFor(count: number, widthPx: number): number {
  const most = Math.max(1, Math.min(count, Math.floor((widthPx - EDGES_PX) / CELL_PX)));
  for (let columns = most; columns >= most * WORTH; columns--)
    if (count % columns === 0) return columns;
  return most;
}
