/** One attribute of sysfs: a small file whose every write is an order to the kernel. */

import { closeSync, constants, openSync, writeSync } from "node:fs";

/** Done before it returns. Throws the system's error; an attribute that is not there is not made. */
export function writeAttribute(path: string, value: string | number): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_TRUNC);
  try {
    writeSync(fd, `${value}`);
  } finally {
    closeSync(fd);
  }
}
