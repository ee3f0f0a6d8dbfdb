/** The document of the API, for those who make clients from it. */
import { expect, test } from "vitest";
import { openApiDocument, operationId, refusalsOf } from "../../src/api/openapi.ts";
import { routes, writes } from "../../src/api/routes.ts";

interface Operation {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly responses: Readonly<Record<string, { content: Record<string, object> }>>;
  readonly requestBody?: object;
  readonly parameters?: readonly { name: string; in: string; required: boolean }[];
}

const text = JSON.stringify(openApiDocument(routes, "1.2.3"));
const document = JSON.parse(text) as {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
};

test("has each operation of the table once, with every answer that it can give", () => {
  expect(document.openapi).toBe("3.1.0");
  const listed = Object.values(document.paths).flatMap((path) => Object.values(path));
  expect(listed).toHaveLength(routes.length);
  for (const route of routes) {
    const operation = document.paths[route.path]?.[route.method.toLowerCase()];
    expect(operation?.operationId).toBe(operationId(route));
    const statuses = [...Object.keys(route.answers).map(Number), ...refusalsOf(route)];
    expect(
      Object.keys(operation?.responses ?? {})
        .map(Number)
        .sort(),
    ).toEqual(statuses.sort());
  }
});

test("refers to nothing that it does not have", () => {
  const refs = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name]) => name ?? "",
  );
  expect(new Set(refs)).toEqual(new Set(Object.keys(document.components.schemas)));
});

test("names every part of a path, and no default as required", () => {
  for (const [path, operations] of Object.entries(document.paths))
    for (const { parameters = [] } of Object.values(operations)) {
      const inPath = parameters.filter((one) => one.in === "path").map(({ name }) => name);
      expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
    }
  expect(document.paths["/events"]?.["get"]?.parameters?.map(({ required }) => required)).toEqual([
    false,
    false,
  ]);
});

test("every write takes a login or is one, and a body or deletes", () => {
  for (const route of routes.filter(writes)) {
    if (route.access === "open") expect(["/session", "/password"]).toContain(route.path);
    else expect(route.access).not.toBe("public-read");
    expect([
      route.path,
      route.body !== undefined || route.method === "DELETE" || route.takesFile === true,
    ]).toEqual([route.path, true]);
  }
});
