import { decisionOf } from "../../../cli/decision.ts";
import type { Considered } from "../../../shared/importing/consider.ts";
import type { Problem } from "../../../shared/manifest/problem.ts";

const problemIn = (file: string): Problem => ({ file, line: 2, column: 3, pointer: "", message: "Not so." });

describe("what the function would do with an image whose manifests are not good", () => {
  it.each([
    ["reject", ["web.raw.import.yaml"]],
    ["reject", ["web.raw"]],
    ["reject", ["folder/image-import.yaml"]],
    ["wait", ["image-import.yaml"]],
    ["wait", ["image-import.json"]],
    ["wait", ["web.raw.import.yaml", "image-import.yml"]],
  ] as const)("is to %s, with a problem in %j", (decision, files) => {
    const problems = files.map(problemIn);
    const kinds: readonly Considered[] = [
      { kind: "invalid", problems, members: [] },
      {
        kind: "planned",
        plan: { decision: "invalid", problems, findings: [] },
        diskEtags: [],
        disks: [],
        inspections: [],
        members: [],
      },
    ];
    const reason = files.map((file) => `${file}:2:3 Not so.`).join(" · ");
    for (const considered of kinds)
      expect(decisionOf(considered)).toEqual({ answer: { decision, reason, findings: [], problems } });
  });
});
