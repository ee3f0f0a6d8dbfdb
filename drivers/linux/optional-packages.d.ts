/** What we use of packages that need a compiler to install, so that types are checked where they could not be built. */

declare module "i2c-bus" {
  export interface PromisifiedBus {
    /** At most 32 bytes, after a repeated start. */
    readI2cBlock(
      address: number,
      command: number,
      length: number,
      buffer: Buffer,
    ): Promise<{ bytesRead: number }>;
    i2cRead(address: number, length: number, buffer: Buffer): Promise<{ bytesRead: number }>;
    i2cWrite(address: number, length: number, buffer: Buffer): Promise<{ bytesWritten: number }>;
    writeQuick(address: number, bit: 0 | 1): Promise<void>;
    close(): Promise<void>;
  }
  export function openPromisified(busNumber: number): Promise<PromisifiedBus>;
}

declare module "onoff" {
  export class Gpio {
    constructor(gpio: number, direction: "in", edge: "both", options: { activeLow: boolean });
    watch(listener: (error: Error | null | undefined) => void): void;
    unexport(): void;
  }
}
