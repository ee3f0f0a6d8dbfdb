import { expect, test } from "vitest";
import { scrubbed, secretsIn } from "../../src/api/scrub.ts";

const config = {
  pools: [{ url: "x", password: "pool-secret" }, { password: "x" }],
  groups: [{ pools: [{ password: 'with "quotes" in it' }] }],
  mqtt: { url: "mqtt://b", password: "mqtt-secret" },
  webhook: { url: "https://hook.example/abc", secret: "hook-secret" },
};

test("every value that the schema calls secret is found, in any of its forms", () => {
  expect([...secretsIn(config)].sort()).toEqual(
    [
      "pool-secret",
      'with "quotes" in it',
      "mqtt-secret",
      "https://hook.example/abc",
      "hook-secret",
    ].sort(),
  );
});

test("a password of one letter ruins no text", () => {
  expect(scrubbed("exact x", secretsIn(config))).toBe("exact x");
});

test.each([
  [JSON.stringify({ a: 'with "quotes" in it' }), '{"a":"…"}'],
  ["pool-secret and pool-secret", "… and …"],
  ['{"password":"hunter two","b":1}', '{"password":"…","b":1}'],
  ['{\\"password\\":\\"hunter\\"}', '{\\"password\\":\\"…\\"}'],
  ["Authorization: Bearer abc.def", "Authorization: Bearer …"],
  [`token asicd_${"a".repeat(43)} used`, "token … used"],
  ["Cookie: asicd_session=abc; x=1", "Cookie: asicd_session=…; x=1"],
  ["stratum+tcp://user:word@host:1", "stratum+tcp://user:…@host:1"],
  ["stratum+tcp://pool.example:3333", "stratum+tcp://pool.example:3333"],
])("%s becomes %s", (text, clean) => expect(scrubbed(text, secretsIn(config))).toBe(clean));

test("a secret that begins another leaves nothing of it", () => {
  expect(scrubbed("it is hunter22!", ["hunter", "hunter22!"])).toBe("it is …");
  expect(scrubbed('{"a":"say \\"b\\" now"}', ["say \\", 'say "b" now'])).toBe('{"a":"…"}');
});

test("a long line that means nothing takes no time", () => {
  const beganMs = performance.now();
  scrubbed("a-".repeat(32_000), []);
  expect(performance.now() - beganMs).toBeLessThan(1_000);
});
