/** The account that everything becomes which needs no root: what strangers reach, and what parses their bytes. */
import { chmodSync, lchownSync, lstatSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface ServiceUser {
  readonly uid: number;
  readonly gid: number;
}

/** Made by the package; where it is missing, nothing changes its user. */
const NAME = "asicd";

/** `undefined` without root, or without such an account. */
export function serviceUser(file = "/etc/passwd"): ServiceUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  let accounts: string;
  try {
    accounts = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  const fields = accounts
    .split("\n")
    .find((line) => line.startsWith(`${NAME}:`))
    ?.split(":");
  const [uid, gid] = [Number(fields?.[2]), Number(fields?.[3])];
  // Root by another name would only look safe.
  return fields !== undefined && uid > 0 && gid > 0 ? { uid, gid } : undefined;
}

/** For good: files and ports that are open stay open. */
export function becomeUser({ uid, gid }: ServiceUser): void {
  // Only root may leave its groups: one that acts as somebody has to be it once more.
  if (process.getuid?.() === 0) process.seteuid?.(0);
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

/** Until `asRoot` or `becomeUser`: files are opened with this user's rights, and links that it planted lead nowhere else. */
export function actAs({ uid, gid }: ServiceUser): void {
  process.setgroups?.([gid]);
  process.setegid?.(gid);
  process.seteuid?.(uid);
}

/**
 * Done with root's rights by a process that acts as somebody, and with its own by any other. Users are of all threads:
 * nothing may be reading or writing that user's files meanwhile.
 */
export async function asRoot<T>(work: () => Promise<T>): Promise<T> {
  const uid = process.geteuid?.() ?? 0;
  if (uid === 0 || process.getuid?.() !== 0) return work();
  process.seteuid?.(0);
  try {
    return await work();
  } finally {
    process.seteuid?.(uid);
  }
}

/** Done as `user` by root, and as it is by everybody else. */
export async function asUser<T>(user: ServiceUser, work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0 || user.uid === 0) return work();
  const groups = process.getgroups?.() ?? [];
  const gid = process.getegid?.() ?? 0;
  actAs(user);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(gid);
    process.setgroups?.(groups);
  }
}

/**
 * Makes `folder` where it is missing, gives it to `user` when root asks, and returns whose it is. Throws Error for what is
 * no folder, also for a link to one.
 */
export function ownFolder(folder: string, user: ServiceUser | undefined): ServiceUser {
  mkdirSync(dirname(folder), { recursive: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory()) throw new Error(`${folder} is a link or no folder: it is left alone`);
  if (user === undefined || process.geteuid?.() !== 0 || found.uid === user.uid) return found;
  // Of root's own time. In anybody else's folder names may lead anywhere.
  if (found.uid === 0) {
    chmodSync(folder, 0o700);
    giveContent(folder, user);
  }
  lchownSync(folder, user.uid, user.gid);
  return user;
}

function giveContent(folder: string, user: ServiceUser): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (lstatSync(path).uid !== 0) continue;
    if (entry.isDirectory()) giveContent(path, user);
    if (entry.isDirectory() || entry.isFile()) lchownSync(path, user.uid, user.gid);
  }
}
