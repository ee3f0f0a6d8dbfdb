/** Calls of the API: an expected refusal is a value with a sentence, never an exception. */
import type { ActionName, ConfigChange, ConfigDifference, ConfigResult } from "../../api/device.ts";

export interface FieldProblem {
  readonly path: string;
  readonly problem: string;
  readonly allowed?: string;
}

export interface Failure {
  readonly ok: false;
  /** 0: no answer at all. */
  readonly httpStatus: number;
  readonly code: string;
  readonly text: string;
  readonly problems: readonly FieldProblem[];
}

export type Reply<T> = { readonly ok: true; readonly value: T } | Failure;

export type Applied = Extract<ConfigResult, { is: "applied" }>;
export type { ConfigChange, ConfigDifference };

const TIMEOUT_MS = 20_000;

export class Api {
  /** Somebody has to log in first. */
  onLoginNeeded: () => void = () => {};

  get<T>(path: string): Promise<Reply<T>> {
    return this.#call("GET", path);
  }

  post<T>(path: string, body: unknown = {}): Promise<Reply<T>> {
    return this.#call("POST", path, body);
  }

  patch<T>(path: string, body: unknown): Promise<Reply<T>> {
    return this.#call("PATCH", path, body);
  }

  put<T>(path: string, body: unknown): Promise<Reply<T>> {
    return this.#call("PUT", path, body);
  }

  delete<T>(path: string): Promise<Reply<T>> {
    return this.#call("DELETE", path, undefined);
  }

  act(name: ActionName, body: Readonly<Record<string, unknown>> = {}) {
    return this.post<{ readonly text: string }>(`/actions/${name}`, body);
  }

  async #call<T>(method: string, path: string, body?: unknown): Promise<Reply<T>> {
    const init: RequestInit = {
      method,
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { "content-type": "application/json" };
    }
    try {
      const response = await fetch(`/api/v1${path}`, init);
      const text = await response.text();
      const value: unknown = text === "" ? null : JSON.parse(text);
      if (response.ok) return { ok: true, value: value as T };
      const failure = failureOf(response.status, value);
      if (failure.httpStatus === 401 && path !== "/session") this.onLoginNeeded();
      return failure;
    } catch {
      return { ok: false, httpStatus: 0, code: "no-answer", text: "", problems: [] };
    }
  }
}

/** What a refusal says, whichever form it has. */
export function failureOf(httpStatus: number, value: unknown): Failure {
  const { error } = (value ?? {}) as { error?: Partial<Failure> };
  // A refused action answers with its outcome.
  const outcome = (value ?? {}) as { code?: string; text?: string };
  return {
    ok: false,
    httpStatus,
    code: error?.code ?? outcome.code ?? `http-${httpStatus}`,
    text: error?.text ?? outcome.text ?? `HTTP ${httpStatus}`,
    problems: error?.problems ?? [],
  };
}
