import type { ObjectFacts } from "../cloud/ports.ts";
import type { Finding } from "../inspection/report.ts";
import type { Settings } from "../manifest/settings.ts";

const archiveClasses: ReadonlySet<string> = new Set(["Archive", "ColdArchive", "DeepColdArchive"]);

const error = (code: string, message: string, fix: string): Finding => ({ code, severity: "error", message, fix });

/** What HeadObject alone tells against an import. `expect` is compared only where it is given. */
export function objectFindings(key: string, facts: ObjectFacts, expect: Settings["expect"]): readonly Finding[] {
  const found: Finding[] = [];
  if (archiveClasses.has(facts.storageClass) && !facts.restored) {
    found.push(
      error(
        "object.archived",
        `${key} lies in ${facts.storageClass} storage, where ECS cannot read it.`,
        "Restore the object and wait until it can be read, then replay it; keep images in Standard storage.",
      ),
    );
  }
  if (facts.encryption) {
    found.push(
      error(
        "object.encrypted",
        `${key} is encrypted by OSS (${facts.encryption}), and ECS does not import encrypted objects.`,
        "Turn the bucket's default encryption off and upload the image again.",
      ),
    );
  }
  if (facts.type === "Symlink") {
    found.push(
      error(
        "object.symlink",
        `${key} is a symbolic link to another object.`,
        "Copy the image itself to this key: ossutil cp oss://BUCKET/TARGET oss://BUCKET/KEY",
      ),
    );
  }
  const unexpected = (what: string, want: string | number, have: string | number | undefined): void => {
    found.push(
      error(
        "object.unexpected",
        `${key} should have ${what} ${want}, but has ${have ?? "none"}.`,
        "Upload the image again, or correct `expect` in its manifest.",
      ),
    );
  };
  if (expect?.size !== undefined && expect.size !== facts.size) unexpected("the size", expect.size, facts.size);
  if (expect?.crc64 !== undefined && expect.crc64 !== facts.crc64) unexpected("the CRC-64", expect.crc64, facts.crc64);
  if (expect?.etag !== undefined && expect.etag.replaceAll('"', "").toUpperCase() !== facts.etag)
    unexpected("the ETag", expect.etag, facts.etag);
  return found;
}
