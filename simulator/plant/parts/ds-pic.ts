/** The dsPIC of an S19 hashboard: it switches the board's DC-DC converter, wants a heartbeat, and passes I²C through [C]. */
import { I2cBusModel, type I2cDevice } from "../i2c-bus-model.ts";
import { type Answer, FramedTalk, withLengthAndSum } from "./framed-talk.ts";
import type { PartContext, PartModel } from "./part-model.ts";

const JUMP_TO_APP = 0x06;
const RESET = 0x07;
const SWITCH = 0x15;
const HEARTBEAT = 0x16;
const VERSION = 0x17;
const PASS_WRITE = 0x3b;
const PASS_READ = 0x3c;

const FIRMWARE = 0x89; // [C]
const ANSWER_MS = 300; // [C]
const PASS_THROUGH_MS = 46; // [C]
const OK = 1;
/** How it says that a part behind it did not answer is not known [?]. */
const FAILED = 0;
/** Without a heartbeat its converter goes off after this long [D]. */
const DEADLINE_MS = 10_000;

export function dsPicModel(context: PartContext): PartModel {
  const { clock, assumptions, onChange } = context;
  const passThrough = new I2cBusModel("supply", clock, assumptions.i2cHz);
  let isDeaf = false;
  /** It starts with its application: nobody says otherwise [?]. */
  let isInApplication = true;
  let isOn = false;
  let deadline: Disposable | undefined;

  const switchTo = (on: boolean) => {
    const hasChanged = on !== isOn;
    isOn = on;
    if (on) renew();
    else deadline?.[Symbol.dispose]();
    if (hasChanged) onChange();
  };
  const renew = () => {
    deadline?.[Symbol.dispose]();
    deadline = clock.after(DEADLINE_MS, () => switchTo(false));
  };
  const long = (...bytes: readonly number[]): Answer => ({
    bytes: withLengthAndSum(bytes, "high first"),
    afterMs: ANSWER_MS,
  });
  const short = (command: number, status: number, afterMs = ANSWER_MS): Answer => ({
    bytes: [command, status],
    afterMs,
  });

  const inBootloader = (command: number): Answer | undefined => {
    if (command === JUMP_TO_APP) isInApplication = true;
    return command === JUMP_TO_APP || command === RESET ? short(command, OK) : undefined;
  };
  const answer = (command: number, payload: readonly number[]): Answer | undefined => {
    if (isDeaf) return undefined;
    if (!isInApplication) return inBootloader(command);
    switch (command) {
      case JUMP_TO_APP:
        return short(command, OK);
      case RESET:
        isInApplication = false;
        switchTo(false);
        return short(command, OK);
      case VERSION:
        return long(command, FIRMWARE);
      case HEARTBEAT:
        if (isOn) renew();
        return long(command, 1, 0);
      case SWITCH:
        switchTo(payload[0] === 1);
        return short(command, OK);
      case PASS_WRITE: {
        const [address = 0, pointer = 0] = payload;
        const isDone = passThrough.exchange(address, Uint8Array.of(pointer), 0) !== undefined;
        return short(command, isDone ? OK : FAILED, PASS_THROUGH_MS);
      }
      case PASS_READ: {
        const [address = 0, lengthBytes = 0] = payload;
        const data = passThrough.exchange(address, new Uint8Array(0), lengthBytes);
        const status = data === undefined ? FAILED : OK;
        const bytes = [command, status, ...(data ?? new Uint8Array(lengthBytes))];
        return { bytes: withLengthAndSum(bytes, "high first"), afterMs: PASS_THROUGH_MS };
      }
      default:
        return undefined;
    }
  };
  const talk = new FramedTalk({ clock, sumOrder: "high first", answer });
  const device: I2cDevice = {
    write(bytes) {
      // One byte in each transaction: what follows it is lost.
      if (bytes[0] !== undefined) talk.hear(bytes[0]);
      return true;
    },
    read: (lengthBytes) =>
      Uint8Array.from({ length: lengthBytes }, (_, i) => (i === 0 ? talk.say() : 0xff)),
  };
  return {
    device,
    passThrough,
    stop: () => deadline?.[Symbol.dispose](),
    setDeaf(now) {
      isDeaf = now;
    },
    supply: { isSwitch: true, outputV: () => (isOn ? "input" : 0), setFaults() {} },
  };
}
