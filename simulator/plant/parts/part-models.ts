/** Which model stands for which part: the first row whose prefix the driver's name for the part begins with. */
import { apw12Model } from "./apw12.ts";
import { dsPicModel } from "./ds-pic.ts";
import { ds4432uModel } from "./ds4432u.ts";
import { emc230xModel } from "./emc230x.ts";
import { emc2101Model } from "./emc2101.ts";
import { ina260Model } from "./ina260.ts";
import { lm75Model } from "./lm75.ts";
import type { PartContext, PartModel } from "./part-model.ts";
import { tmp451Model } from "./tmp451-family.ts";
import { tps546Model } from "./tps546.ts";

interface Row {
  /** Declarations at one address whose parts are of the same row share the model. */
  readonly prefixes: readonly string[];
  readonly create: (context: PartContext) => PartModel;
}

const rows: readonly Row[] = [
  { prefixes: ["LM75", "TMP75", "TMP1075"], create: lm75Model },
  { prefixes: ["TMP451", "NCT218", "ADT7461", "TMP42"], create: tmp451Model },
  { prefixes: ["EMC2101"], create: emc2101Model },
  { prefixes: ["EMC2103", "EMC2302", "EMC2305"], create: emc230xModel },
  { prefixes: ["TPS546"], create: tps546Model },
  { prefixes: ["INA260"], create: ina260Model },
  { prefixes: ["DS4432U"], create: ds4432uModel },
  { prefixes: ["dsPIC"], create: dsPicModel },
  { prefixes: ["APW"], create: apw12Model },
];

export interface PartFamily {
  readonly name: string;
  create(context: PartContext): PartModel;
}

/** Throws Error for a part that nobody has modelled. */
export function partFamilyOf(part: string): PartFamily {
  const row = rows.find(({ prefixes }) => prefixes.some((prefix) => part.startsWith(prefix)));
  if (row === undefined) throw new Error(`part "${part}": the simulator has no model of it`);
  return { name: row.prefixes.join("/"), create: row.create };
}
