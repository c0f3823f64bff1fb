import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type FindingKind, findingCatalogue } from "../../../../shared/inspection/findings.ts";

const page = readFileSync(join(__dirname, "../../../../docs/inspection.md"), "utf8");
const rows = new Map(
  [...page.matchAll(/^\| `([a-z0-9-]+\.[a-z0-9-]+)` \| ([^|]+) \|/gm)].map(([, code = "", severity = ""]) => [
    code,
    severity.trim(),
  ]),
);

describe("docs/inspection.md", () => {
  it.each(Object.entries<FindingKind>(findingCatalogue))(
    "has %s with its severity",
    (code, { severity, alternative }) => {
      const described = rows.get(code) ?? "missing";
      expect(described.startsWith(severity)).toBe(true);
      if (alternative === undefined) expect(described).toBe(severity);
      else expect(described).toContain(alternative);
    },
  );

  it("has no code that does not exist", () => {
    expect([...rows.keys()].filter((code) => !(code in findingCatalogue))).toEqual([]);
  });
});
