/** One thing wrong with a manifest; `oss-image-import validate --json` prints these. */
export interface Problem {
  /** A path on disk, or the object's key. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** JSON pointer to the value, e.g. `/disks/1/diskImageSize`. */
  readonly pointer: string;
  /** One plain sentence. */
  readonly message: string;
  /** What to do: the nearest known key, the allowed values. */
  readonly hint?: string;
}
