import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { openI2cBus } from "../../../drivers/linux/i2c.ts";
import { bundleForChild } from "../../support/child-program.ts";

const run = promisify(execFile);

test("a bus that is not there is not found", async () => {
  await expect(openI2cBus("/dev/i2c-987")).rejects.toThrow(
    "/dev/i2c-987: open: not-found (ENOENT)",
  );
});

test.each(["/dev/null", "i2c-0", "/dev/i2c-0/../null"])("%s is no bus", async (path) => {
  await expect(openI2cBus(path)).rejects.toMatchObject({ code: "refused", device: path });
});

test("without the package i2c-bus the error names it", async () => {
  // A bus that exists, made of nothing: the package is missing before anybody speaks to it.
  const program = await bundleForChild(
    `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    fs.accessSync = () => {};
    syncBuiltinESMExports();
    const { openI2cBus } = await import("./drivers/linux/i2c.ts");
    await openI2cBus("/dev/i2c-3").catch((error) => console.log(error.message));
    `,
    { withPackages: false },
  );
  const { stdout } = await run(process.execPath, [program], { timeout: 10_000 });
  expect(stdout).toContain('/dev/i2c-3: open: refused (the optional package "i2c-bus"');
});
