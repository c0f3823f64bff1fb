/**
 * Rules: what follows from facts, one rule a finding. Facts are gathered first and rules see nothing else; a fact that
 * is absent proves nothing. Meanings, usual severities and sources are in the catalogue of findings.
 */
import { type FindingCode, finding } from "../findings.ts";
import type { Finding, Severity } from "../report.ts";

export interface Rule<Facts> {
  readonly code: FindingCode;
  /** What is wrong; undefined when nothing is, or when it cannot be told. */
  readonly check: (facts: Facts) => Verdict | undefined;
}

export interface Verdict {
  readonly message: string;
  readonly fix: string;
  /** Where it is not the catalogue's usual one. */
  readonly severity?: Severity;
}

/** The findings that hold for these facts, in the order of the rules. */
export function judge<Facts>(rules: readonly Rule<Facts>[], facts: Facts): Finding[] {
  return rules.flatMap(({ code, check }) => {
    const verdict = check(facts);
    return verdict === undefined ? [] : [finding(code, verdict.message, verdict.fix, verdict.severity)];
  });
}
