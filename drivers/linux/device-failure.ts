/** The system's error codes as the `DeviceError` that the program expects. */

import { DeviceError, type DeviceErrorCode } from "../../src/lib/errors.ts";

export type FailureCodes = Readonly<Record<string, DeviceErrorCode>>;

/** What opening a device complains about. */
export const OPEN_FAILURES: FailureCodes = {
  ENOENT: "not-found",
  ENODEV: "not-found",
  ENXIO: "not-found",
  EBUSY: "busy",
};

/** What an open device complains about when it disappears. */
export const USE_FAILURES: FailureCodes = {
  ENOENT: "gone",
  ENODEV: "gone",
  ENXIO: "gone",
  EIO: "gone",
  EBADF: "gone",
};

/** "refused" for every code that is not in the table; a DeviceError stays as it is. */
export function deviceFailure(
  device: string,
  operation: string,
  cause: unknown,
  codes: FailureCodes,
): DeviceError {
  if (cause instanceof DeviceError) return cause;
  const { code = (cause as Error).message } = cause as NodeJS.ErrnoException;
  return new DeviceError(device, operation, codes[code] ?? "refused", { detail: code, cause });
}
