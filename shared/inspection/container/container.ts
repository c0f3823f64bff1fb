import type { EcsFormat, Finding } from "../report.ts";
import type { ByteSource } from "../source/byte-source.ts";

/** What the outer format of a file turned out to be. */
export interface Container {
  /** ECS's name, or a lower-case name for what ECS does not take. */
  readonly format: EcsFormat | (string & {});
  /** Bytes of the disk inside; null when that cannot be told. */
  readonly virtualSize: number | null;
  readonly findings: readonly Finding[];
  /** The virtual disk; absent when it cannot or must not be read. */
  readonly disk?: ByteSource;
  /** Follows the whole map of the disk to what lies past the end of the file; costs reads. */
  readonly checkComplete?: () => Promise<readonly Finding[]>;
}
