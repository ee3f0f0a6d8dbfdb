/** Points and spans of time as people read them; `Date` is not for the portable part. */

const DAY_S = 86_400;

/** ISO 8601 in UTC, e.g. "2025-06-15T15:06:40Z". Throws RangeError for what is no whole number of seconds. */
export function utcText(unixSeconds: number): string {
  if (!Number.isSafeInteger(unixSeconds))
    throw new RangeError(`Unix seconds: ${unixSeconds}; allowed: whole numbers`);
  const day = Math.floor(unixSeconds / DAY_S);
  const second = unixSeconds - day * DAY_S;
  const time = [second / 3_600, (second / 60) % 60, second % 60].map(twoDigits).join(":");
  return `${dateOf(day)}T${time}Z`;
}

/** In its two largest units, rounded down: "11 s", "3 h 20 min", "412 days". */
export function spanText(seconds: number): string {
  const whole = Math.floor(Math.abs(seconds));
  const [, unitS, unit, restUnitS, restUnit] =
    SPANS.find(([fromS]) => whole >= fromS) ?? PLAIN_SECONDS;
  const count = Math.floor(whole / unitS);
  const rest = Math.floor((whole % unitS) / restUnitS);
  const first = `${count} ${unit === "days" && count === 1 ? "day" : unit}`;
  return rest === 0 || restUnit === "" ? first : `${first} ${rest} ${restUnit}`;
}

type Span = readonly [
  fromS: number,
  unitS: number,
  unit: string,
  restUnitS: number,
  restUnit: string,
];

const PLAIN_SECONDS: Span = [0, 1, "s", 1, ""];
/** Longest first; below an hour the seconds are what one compares. */
const SPANS: readonly Span[] = [
  [30 * DAY_S, DAY_S, "days", 1, ""],
  [DAY_S, DAY_S, "days", 3_600, "h"],
  [3_600, 3_600, "h", 60, "min"],
  [60, 60, "min", 1, "s"],
];

/**
 * Gregorian date of a day since 1970-01-01. Counted in years that begin in March, so that the leap day is the last one;
 * 400 years have 146 097 days.
 */
function dateOf(day: number): string {
  const sinceMarchOfYear0 = day + 719_468;
  const era = Math.floor(sinceMarchOfYear0 / 146_097);
  const dayOfEra = sinceMarchOfYear0 - era * 146_097;
  const leapDays =
    Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0);
  return `${String(year).padStart(4, "0")}-${twoDigits(month)}-${twoDigits(dayOfMonth)}`;
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, "0");
}
