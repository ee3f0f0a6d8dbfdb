/** Versions of asicd: semantic versioning 2.0.0 without build metadata. */

const PATTERN =
  /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/;
const MAX_LENGTH = 64;

export function isVersion(text: string): boolean {
  return text.length <= MAX_LENGTH && PATTERN.test(text);
}

/** Below 0: `a` is older. Throws RangeError for what is no version. */
export function compareVersions(a: string, b: string): number {
  const [one, other] = [partsOf(a), partsOf(b)];
  for (let i = 0; i < 3; i++) {
    const by = (one.numbers[i] ?? 0) - (other.numbers[i] ?? 0);
    if (by !== 0) return by;
  }
  return comparePrereleases(one.prerelease, other.prerelease);
}

function partsOf(text: string): { numbers: readonly number[]; prerelease: readonly string[] } {
  const match = text.length <= MAX_LENGTH ? PATTERN.exec(text) : null;
  if (match === null) throw new RangeError(`"${text.slice(0, MAX_LENGTH)}" is no version`);
  return {
    numbers: [match[1], match[2], match[3]].map(Number),
    prerelease: match[4]?.split(".") ?? [],
  };
}

/** Semantic versioning §11: without one is newest, numbers come before words, fewer fields before more. */
function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [one, other] = [a[i], b[i]];
    if (one === undefined || other === undefined) return one === undefined ? -1 : 1;
    if (one === other) continue;
    const areNumbers = [one, other].map((field) => /^\d+$/.test(field));
    if (areNumbers[0] && areNumbers[1]) {
      const by = Number(one) - Number(other);
      if (by !== 0) return by;
    } else if (areNumbers[0] !== areNumbers[1]) return areNumbers[0] ? -1 : 1;
    else return one < other ? -1 : 1;
  }
  return 0;
}
