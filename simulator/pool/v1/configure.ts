/** mining.configure (BIP310): what the device asks for and what it gets, a pure function. */

export interface Configuration {
  /** One value per extension that was asked for, and their parameters. */
  readonly result: Readonly<Record<string, unknown>>;
  /** `undefined`: version rolling was not agreed on. */
  readonly versionMask: number | undefined;
  /** `undefined`: not asked for. */
  readonly minimumDifficulty: number | undefined;
  readonly subscribesExtranonce: boolean;
}

const ALL_BITS = 0xffffffff;

/** `serverMask`: bits that the pool lets devices change; 0 refuses version rolling. `undefined` for parameters that make no sense. */
export function configure(
  params: readonly unknown[],
  serverMask: number,
): Configuration | undefined {
  const [extensions, given = {}] = params;
  if (!Array.isArray(extensions) || typeof given !== "object" || given === null) return undefined;
  const values = given as Readonly<Record<string, unknown>>;
  const result: Record<string, unknown> = {};
  let versionMask: number | undefined;
  let minimumDifficulty: number | undefined;
  let subscribesExtranonce = false;
  for (const extension of extensions as readonly unknown[]) {
    if (typeof extension !== "string") return undefined;
    switch (extension) {
      case "version-rolling": {
        const asked = readMask(values["version-rolling.mask"]);
        if (asked === undefined) {
          result[extension] = "version-rolling.mask is eight hex digits";
          break;
        }
        if (serverMask === 0) {
          result[extension] = false;
          break;
        }
        versionMask = (asked & serverMask) >>> 0;
        result[extension] = true;
        result["version-rolling.mask"] = versionMask.toString(16).padStart(8, "0");
        break;
      }
      case "minimum-difficulty": {
        const value = values["minimum-difficulty.value"];
        const isGood = typeof value === "number" && Number.isFinite(value) && value >= 0;
        if (isGood) minimumDifficulty = value;
        result[extension] = isGood || "minimum-difficulty.value is a number, 0 or more";
        break;
      }
      case "subscribe-extranonce":
        subscribesExtranonce = true;
        result[extension] = true;
        break;
      case "info":
        result[extension] = true;
        break;
      default:
        result[extension] = false;
    }
  }
  return { result, versionMask, minimumDifficulty, subscribesExtranonce };
}

/** Absent: all bits. `undefined` for anything but eight hex digits. */
function readMask(value: unknown): number | undefined {
  if (value === undefined) return ALL_BITS;
  if (typeof value !== "string" || !/^[0-9a-f]{8}$/i.test(value)) return undefined;
  return Number.parseInt(value, 16);
}
