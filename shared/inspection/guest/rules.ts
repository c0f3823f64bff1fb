/**
 * What follows from the facts of a Linux guest: one rule a finding. A rule sees facts only, and one that is absent
 * proves nothing. The rules' sources, meanings and usual severities are in the catalogue of findings.
 *
 * What ImportImage's usage notes ask only of arm64 and of some platforms is a warning there and a note elsewhere.
 */
import { type FindingCode, finding } from "../findings.ts";
import type { Finding, Severity } from "../report.ts";
import type { LinuxFacts } from "./linux/linux-facts.ts";
import { bootRules } from "./rules-boot.ts";
import { settingRules } from "./rules-settings.ts";

export interface Rule {
  readonly code: FindingCode;
  /** What is wrong; undefined when nothing is, or when it cannot be told. */
  readonly check: (facts: LinuxFacts) => Verdict | undefined;
}

export interface Verdict {
  readonly message: string;
  readonly fix: string;
  /** Where it is not the catalogue's usual one. */
  readonly severity?: Severity;
}

/** All rules of a Linux guest, in the order in which their findings are told. */
export const guestRules: readonly Rule[] = [...bootRules, ...settingRules];

/** The findings that hold for these facts. */
export function judge(facts: LinuxFacts): Finding[] {
  return guestRules.flatMap(({ code, check }) => {
    const verdict = check(facts);
    return verdict === undefined ? [] : [finding(code, verdict.message, verdict.fix, verdict.severity)];
  });
}
