/** A log that a test can read. */
import type { Logger } from "../../src/lib/log.ts";

export interface LogLine {
  readonly level: "trace" | "debug" | "info" | "warn" | "error";
  readonly fields: object;
  readonly message: string;
}

export class RecordedLog {
  readonly lines: LogLine[] = [];
  readonly logger: Logger = this.#loggerWith({});

  /** Every line as one text, fields and all. */
  get text(): string {
    return this.lines.map((line) => JSON.stringify(line)).join("\n");
  }

  /** Lines whose message has this in it. */
  about(pattern: RegExp): LogLine[] {
    return this.lines.filter(({ message }) => pattern.test(message));
  }

  #loggerWith(context: object): Logger {
    const at = (level: LogLine["level"]) => (fields: object, message: string) =>
      void this.lines.push({ level, fields: { ...context, ...fields }, message });
    return {
      trace: at("trace"),
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      child: (fields) => this.#loggerWith({ ...context, ...fields }),
      isLevelEnabled: () => true,
    };
  }
}
