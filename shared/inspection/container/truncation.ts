import { finding } from "../findings.ts";
import type { Finding } from "../report.ts";

/** `needed` is the end of the last byte that the image names; nothing is wrong when the file reaches it. */
export function checkLength(size: number, needed: number, what: string): Finding[] {
  if (needed <= size) return [];
  return [
    finding(
      "image.truncated",
      `The file has ${size} bytes, but its ${what} reach to byte ${needed}: its end is missing.`,
      "Upload it again and compare its size with the original's; ossutil cp and multipart uploads check that.",
    ),
  ];
}
