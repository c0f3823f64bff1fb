/** What is wrong with a partition table, as a finding. */
import { finding } from "../findings.ts";
import type { PartitionNote } from "../partition/partition-table.ts";
import { printable } from "../printable-text.ts";
import type { Finding } from "../report.ts";

/** Usual in images that were resized, converted or partitioned before: not worth a word. */
const harmless: ReadonlySet<PartitionNote["code"]> = new Set(["gpt.backup-moved", "gpt.hybrid-mbr", "gpt.stale"]);

export function partitionFindings(notes: readonly PartitionNote[]): Finding[] {
  const messages = new Set(notes.filter(({ code }) => !harmless.has(code)).map(({ message }) => message));
  if (messages.size === 0) return [];
  return [
    finding(
      "partition-table.damaged",
      printable([...messages].join(" "), 400),
      "Look at it with `sgdisk --verify` or `sfdisk --verify`; upload the image again if its file is shorter than it was.",
    ),
  ];
}
