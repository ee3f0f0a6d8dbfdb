/** The door of the Antminer interface against those who knock without knowing anything. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { systemEntropy } from "../../firmware/platform/system-entropy.ts";
import { DigestDoor } from "../../src/compat/antminer/digest.ts";

const md5 = (text: string) => createHash("md5").update(text).digest("hex");
const HA1 = md5("root:antMiner Configuration:secret");
const URI = "/cgi-bin/summary.cgi";

function openedDoor() {
  let nowMs = 1_000;
  const door = new DigestDoor({
    nowMs: () => nowMs,
    random: (length) => systemEntropy.randomBytes(length),
    ha1: () => HA1,
  });
  const nonceOf = (challenge: string) => /nonce="([^"]+)"/.exec(challenge)?.[1] ?? "";
  return {
    nonce: () => nonceOf(door.challenge(false)),
    pass: (durationMs: number) => {
      nowMs += durationMs;
    },
    enter(nonce: string, nc = "00000001") {
      const response = md5(`${HA1}:${nonce}:${nc}:abc:auth:${md5(`GET:${URI}`)}`);
      const authorization = `Digest username="root", realm="antMiner Configuration", nonce="${nonce}", uri="${URI}", qop=auth, nc=${nc}, cnonce="abc", response="${response}"`;
      const verdict = door.check({ method: "GET", uri: URI, authorization });
      return verdict.is === "known" ? "known" : verdict.stale ? "stale" : "unknown";
    },
  };
}

test("challenges of strangers take nobody's nonce away", () => {
  const { nonce, enter } = openedDoor();
  const mine = nonce();
  expect(enter(mine)).toBe("known");
  const waiting = nonce();
  for (let i = 0; i < 2_000; i++) nonce();
  expect(enter(waiting)).toBe("known");
  expect(enter(mine, "00000002")).toBe("known");
  expect(enter(mine, "00000001")).toBe("stale");
});

test("a nonce of somebody else's making, or of another process, is none", () => {
  const { nonce, enter } = openedDoor();
  const given = nonce();
  expect(enter(openedDoor().nonce())).toBe("stale");
  expect(enter(given.replace(/.$/, (last) => (last === "0" ? "1" : "0")))).toBe("stale");
  expect(enter(given.replace(/^./, (first) => (first === "0" ? "1" : "0")))).toBe("stale");
  expect(enter("")).toBe("stale");
  expect(enter(given)).toBe("known");
});

test("a nonce is good for five minutes", () => {
  const { nonce, pass, enter } = openedDoor();
  const given = nonce();
  pass(299_000);
  expect(enter(given)).toBe("known");
  pass(2_000);
  expect(enter(given, "00000002")).toBe("stale");
});

test("who uses more nonces than are remembered cannot say one of them again", () => {
  const { nonce, pass, enter } = openedDoor();
  const used = Array.from({ length: 600 }, () => {
    pass(10);
    return nonce();
  });
  for (const one of used) expect(enter(one)).toBe("known");
  for (const one of used) expect(enter(one)).toBe("stale");
  pass(10);
  expect(enter(nonce())).toBe("known");
});
