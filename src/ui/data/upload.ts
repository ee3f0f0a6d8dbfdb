/** Sends a file, and tells how far it is: `fetch` cannot say that. */
import { type Failure, failureOf, type Reply } from "./api.ts";

/** `part` goes from 0 to 1. */
export function sendFile<T>(
  path: string,
  file: Blob,
  onProgress: (part: number) => void,
): Promise<Reply<T>> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const noAnswer: Failure = {
      ok: false,
      httpStatus: 0,
      code: "no-answer",
      text: "",
      problems: [],
    };
    request.open("POST", `/api/v1${path}`);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onerror = () => resolve(noAnswer);
    request.onabort = () => resolve(noAnswer);
    request.onload = () => {
      try {
        const value: unknown = JSON.parse(request.responseText);
        if (request.status >= 200 && request.status < 300) resolve({ ok: true, value: value as T });
        else resolve(failureOf(request.status, value));
      } catch {
        resolve(noAnswer);
      }
    };
    request.send(file);
  });
}
