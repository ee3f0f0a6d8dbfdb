/** The page: its files are read once, compressed once, and served from memory under their own names and no others. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";

export interface PageFile {
  readonly contentType: string;
  readonly bytes: Uint8Array;
  /** Absent where it is no shorter. */
  readonly gzip?: Uint8Array;
  readonly etag: string;
  readonly cacheControl: string;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};

/** Nothing but itself, no matter what gets into the page; numbers may stand in style attributes that the page itself sets. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Its content is in its name, e.g. "main-4FK2QX7A.js". */
const HASHED = /[-.][A-Za-z0-9_]{8,}\.\w+$/;
const MAX_PAGE_BYTES = 8 << 20;

/** By path, "/" the index. `head` is put into the index, before its head ends. Rejects with the system's error. */
export async function readPageFiles(
  folder: string | undefined,
  head: string,
): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  const names = folder === undefined ? [] : await listed(folder);
  let total = 0;
  for (const name of names) {
    const contentType = TYPES[extname(name)];
    // Source maps and the like are for developers.
    if (folder === undefined || contentType === undefined) continue;
    const read = await readFile(join(folder, name));
    const isIndex = name === "index.html";
    const bytes = isIndex ? withHead(read.toString("utf8"), head) : new Uint8Array(read);
    total += bytes.length;
    if (total > MAX_PAGE_BYTES)
      throw new Error(`${folder}: is larger than ${MAX_PAGE_BYTES} bytes, so it is not the page`);
    const file = pageFile(bytes, contentType, HASHED.test(name));
    if (isIndex) files.set("/", file);
    files.set(`/${name}`, file);
  }
  if (!files.has("/"))
    files.set("/", pageFile(withHead(NO_PAGE, head), TYPES[".html"] ?? "", false));
  return files;
}

const NO_PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>asicd</title></head>
<body><h1>asicd</h1><p>This build has no page. The API is at <a href="/api/v1/status">/api/v1/status</a>.</p></body></html>
`;

function withHead(html: string, head: string): Uint8Array {
  return new TextEncoder().encode(html.replace("</head>", () => `${head}</head>`));
}

function pageFile(bytes: Uint8Array, contentType: string, isHashed: boolean): PageFile {
  const gzip = new Uint8Array(gzipSync(bytes, { level: 9 }));
  return {
    contentType,
    bytes,
    ...(gzip.length < bytes.length ? { gzip } : {}),
    etag: `"${createHash("sha256").update(bytes).digest("hex").slice(0, 24)}"`,
    cacheControl: isHashed ? "public, max-age=31536000, immutable" : "no-cache",
  };
}

async function listed(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    },
  );
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath ?? entry.path, entry.name)
        .slice(folder.length)
        .replace(/^\/+/, ""),
    );
}
