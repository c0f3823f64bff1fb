import type { Considered } from "../shared/importing/consider.ts";
import type { Plan } from "../shared/importing/plan.ts";
import type { Finding } from "../shared/inspection/report.ts";
import { isBucketManifestKey } from "../shared/manifest/manifest-names.ts";
import type { Problem } from "../shared/manifest/problem.ts";

export type PlannedImport = Extract<Plan, { decision: "import" }>;

/** What the function would do with an image, and why; `problems` when a manifest is what is wrong. */
export interface Decision {
  readonly decision: "import" | "reject" | "wait" | "ignore";
  readonly reason: string;
  readonly findings: readonly Finding[];
  readonly problems?: readonly Problem[];
}

/** Pure: what was considered, as an answer. `planned` is there exactly when it would be imported. */
export function decisionOf(considered: Considered): { readonly answer: Decision; readonly planned?: PlannedImport } {
  switch (considered.kind) {
    case "ignored":
      return { answer: { decision: "ignore", reason: considered.reason, findings: [] } };
    case "waiting":
      return { answer: { decision: "wait", reason: considered.reason, findings: [] } };
    case "invalid":
      return { answer: refused(considered.problems, []) };
    case "planned":
  }
  const { plan } = considered;
  switch (plan.decision) {
    case "invalid":
      return { answer: refused(plan.problems, plan.findings) };
    case "reject":
      return { answer: { decision: "reject", reason: plan.reason, findings: plan.findings } };
    case "import":
      return {
        answer: { decision: "import", reason: "nothing is in the way", findings: plan.findings },
        planned: plan,
      };
  }
}

/** An image waits for a valid bucket manifest, as the function has it; what its own manifests say wrong ends it. */
const refused = (problems: readonly Problem[], findings: readonly Finding[]): Decision => ({
  decision: problems.some(({ file }) => isBucketManifestKey(file)) ? "wait" : "reject",
  reason: problems.map(({ file, line, column, message }) => `${file}:${line}:${column} ${message}`).join(" · "),
  findings,
  problems,
});
