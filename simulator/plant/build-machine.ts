/** From a declaration to models: every part on its bus, every line with its resting level, every fan on its output. */
import type { FanSpec, LineRef, MachineSpec, SensorSpec } from "../../boards/machine-spec.ts";
import { toHex } from "../../src/lib/bytes.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { SeededRandom } from "../chain/random.ts";
import type { Assumptions } from "./assumptions.ts";
import { BitaxeRawModel } from "./bitaxe-raw-model.ts";
import type { BoardModel } from "./board-model.ts";
import { FanGroupModel, FanModel } from "./fan-model.ts";
import type { I2cBusModel } from "./i2c-bus-model.ts";
import { LineBank, type LineModel } from "./line-model.ts";
import { MachineParts } from "./machine-parts.ts";
import { MachineSupplyModel } from "./machine-supply-model.ts";
import { EepromModel } from "./parts/eeprom.ts";
import { eepromContent } from "./parts/eeprom-content.ts";
import type { PartModel } from "./parts/part-model.ts";
import { SensorPoint } from "./sensor-point.ts";
import { type CountedFan, pwmKey } from "./simulated-machine.ts";
import { WatchdogModel } from "./watchdog-model.ts";

export interface BuildOptions {
  readonly spec: MachineSpec;
  readonly boards: readonly BoardModel[];
  readonly clock: Clock;
  readonly assumptions: Assumptions;
  readonly random: SeededRandom;
  /** Of the control port of a USB board. */
  readonly protocol: 0 | 1;
  readonly onChange: () => void;
  readonly onWatchdog: () => void;
  readonly onEepromWrite: (chain: number, detail: string) => void;
}

export interface MachineModels {
  readonly spec: MachineSpec;
  readonly assumptions: Assumptions;
  readonly random: SeededRandom;
  readonly boards: readonly BoardModel[];
  readonly fans: readonly FanGroupModel[];
  readonly supply: MachineSupplyModel;
  readonly lines: LineBank;
  readonly buses: ReadonlyMap<string, I2cBusModel>;
  readonly pwms: ReadonlyMap<string, readonly FanGroupModel[]>;
  readonly tachometers: ReadonlyMap<LineModel, CountedFan>;
  /** By the sensor's name. */
  readonly points: ReadonlyMap<string, SensorPoint>;
  readonly eeproms: ReadonlyMap<number, EepromModel>;
  /** Supplies of the boards, by chain. */
  readonly boardSupplies: ReadonlyMap<number, PartModel>;
  readonly machineSupply: PartModel | undefined;
  readonly meters: readonly PartModel[];
  readonly watchdog: WatchdogModel | undefined;
  readonly usbControl: BitaxeRawModel | undefined;
  readonly disposables: readonly Disposable[];
  /** What comes over a board's connector. */
  inputV(board: BoardModel): number;
  /** 0 to 1, of all fans together; 1 where there are none: then cooling is somebody else's. */
  airflow(): number;
}

export function buildMachine(options: BuildOptions): MachineModels {
  const { spec, boards, clock, assumptions, random, onChange } = options;
  const parts = new MachineParts({ clock, assumptions, onChange });
  const lines = new LineBank(onChange);
  const points = new Map<string, SensorPoint>();
  const eeproms = new Map<number, EepromModel>();
  const boardSupplies = new Map<number, PartModel>();
  const meters: PartModel[] = [];

  for (const board of boards) {
    const { index, spec: chain } = board;
    const place = (part: string, at: Pick<SensorSpec, "bus" | "address">) => {
      const behind = boardSupplies.get(index);
      const model = parts.place(part, chain.voltage, { ...at, board, behind });
      if (model.measure !== undefined) meters.push(model);
      return model;
    };
    if (chain.supply !== undefined) {
      const model = place(chain.supply.driver.part, chain.supply);
      boardSupplies.set(index, model);
      board.supply = model.supply;
    }
    for (const sensor of chain.sensors) {
      const model = place(sensor.driver.part, sensor);
      if (model.sense === undefined)
        throw new Error(`${sensor.name}: a ${sensor.driver.part} measures no temperature`);
      const point = sensorPoint(sensor, board, assumptions, random);
      points.set(sensor.name, point);
      model.sense(sensor.driver.part, point);
    }
    if (chain.eeprom !== undefined) {
      const memory = new EepromModel(eepromContent(spec.match, chain, index), (at, bytes) =>
        options.onEepromWrite(index, `${toHex(bytes)} to 0x${at.toString(16).padStart(2, "0")}`),
      );
      eeproms.set(index, memory);
      parts.attach({ ...chain.eeprom, board }, memory.device);
    }
    declareLine(lines, chain.reset, "output", true);
    if (chain.enable !== undefined) declareLine(lines, chain.enable, "output", false);
    if (chain.plugDetect !== undefined) declareLine(lines, chain.plugDetect, "input", true);
  }

  const voltage = greatestVoltage(spec);
  const machineSupply = spec.supply && parts.place(spec.supply.driver.part, voltage, spec.supply);
  if (spec.supply !== undefined) declareLine(lines, spec.supply.enable, "output", false);
  for (const led of spec.controlBoard.leds) declareLine(lines, led, "output", false);
  for (const button of spec.controlBoard.buttons) declareLine(lines, button, "input", false);
  const nominalPowerW = boards.reduce((total, board) => total + board.nominalPowerW, 0);
  const supply = new MachineSupplyModel(spec, machineSupply?.supply, nominalPowerW, assumptions);
  const { fans, pwms, tachometers } = buildFans(spec.fans, parts, lines, assumptions);
  const watchdog =
    spec.backstop.by === "watchdog"
      ? new WatchdogModel(spec.backstop.path, clock, options.onWatchdog)
      : undefined;
  const externalV = ({ supply: own, spec: { voltage: wanted } }: BoardModel) =>
    own === undefined || own.isSwitch ? wanted.workingV : assumptions.usbInputV;
  const allFans = fans.flatMap((group) => group.fans);
  return {
    ...{ spec, assumptions, random, boards, fans, supply, lines, pwms, tachometers, points },
    ...{ eeproms, boardSupplies, machineSupply, meters, watchdog },
    buses: parts.buses,
    usbControl:
      spec.match.usb &&
      new BitaxeRawModel({
        clock,
        protocol: options.protocol,
        bus: parts.bus("usb"),
        latencyMs: assumptions.usbLatencyMs,
        inputV: () => supply.share * assumptions.usbInputV,
        onPins: onChange,
      }),
    disposables: [...(watchdog === undefined ? [] : [watchdog]), ...parts.disposables],
    inputV: (board) => supply.outputV(externalV(board)),
    airflow: () =>
      allFans.length === 0
        ? 1
        : allFans.reduce((total, { rpm, maxRpm }) => total + rpm / maxRpm, 0) / allFans.length,
  };
}

function sensorPoint(
  { place }: SensorSpec,
  board: BoardModel,
  { sensorSpreadC }: Assumptions,
  random: SeededRandom,
): SensorPoint {
  const offsetC = sensorSpreadC * (random.fraction() - 0.5);
  const { heat } = board;
  const trueC = {
    board: () => heat.boardC + offsetC,
    // The diode of a board that has one is the first chip's.
    chip: () => board.chipC(0),
    regulator: () => heat.regulatorC,
    air: () => heat.outletC,
  }[place];
  return new SensorPoint(trueC, random);
}

function declareLine(
  lines: LineBank,
  ref: LineRef,
  direction: LineModel["direction"],
  isActiveByDefault: boolean,
): void {
  if (ref.via === "gpio") lines.declare(ref, direction, isActiveByDefault);
}

function greatestVoltage({ chains }: MachineSpec): { startV: number; workingV: number } {
  return {
    startV: Math.max(...chains.map(({ voltage }) => voltage.startV)),
    workingV: Math.max(...chains.map(({ voltage }) => voltage.workingV)),
  };
}

function buildFans(
  specs: readonly FanSpec[],
  parts: MachineParts,
  lines: LineBank,
  assumptions: Assumptions,
): Pick<MachineModels, "fans" | "pwms" | "tachometers"> {
  const pwms = new Map<string, FanGroupModel[]>();
  const tachometers = new Map<LineModel, CountedFan>();
  const fans = specs.map((spec) => {
    const count = spec.via === "pwm" ? spec.tachometers.length : spec.driver.fans;
    const isOnBoard = spec.via === "controller" && spec.bus.via === "usb";
    const size = isOnBoard ? "small" : "large";
    const models = Array.from({ length: count }, () => new FanModel(size, assumptions));
    // Nobody drives the output yet: such fans turn.
    const group = new FanGroupModel(spec.name, models, 100);
    if (spec.via === "controller") {
      const model = parts.place(spec.driver.part, { startV: 0, workingV: 0 }, placeOf(spec));
      if (model.drive === undefined)
        throw new Error(`${spec.name}: a ${spec.driver.part} drives no fans`);
      model.drive(group);
      return group;
    }
    const key = pwmKey(spec.pwm);
    pwms.set(key, [...(pwms.get(key) ?? []), group]);
    spec.tachometers.forEach((line, index) => {
      const { pulsesPerTurn } = spec;
      tachometers.set(lines.declare(line, "input", false), {
        fan: models[index] as FanModel,
        pulsesPerTurn,
      });
    });
    return group;
  });
  return { fans, pwms, tachometers };
}

function placeOf({ bus, address }: FanSpec & { readonly via: "controller" }) {
  return { bus, address };
}
