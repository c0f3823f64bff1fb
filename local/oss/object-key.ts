import { join } from "node:path";

/** 1 to 1023 bytes of UTF-8 that start with neither `/` nor `\` (PutObject reference, "Object naming"). */
export const isValidKey = (key: string): boolean => {
  const length = Buffer.byteLength(key);
  return length >= 1 && length <= 1023 && !key.startsWith("/") && !key.startsWith("\\");
};

/** Lower-case letters, digits and hyphens, 3 to 63 of them, neither starting nor ending with a hyphen. */
export const isValidBucketName = (name: string): boolean => /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name);

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what a file name must not hold.
const unsafeInName = /[\u0000-\u001f\u007f\\]/;

/** Longest file name of the file systems in use. */
const maximumNameInBytes = 255;

/**
 * The file that shows an object to the user, or `undefined` when its key cannot be a path inside the folder: an empty,
 * `.` or `..` segment, a control character or backslash, a segment that is too long.
 */
export const visiblePath = (folder: string, key: string): string | undefined => {
  const segments = key.split("/");
  const isSafe = segments.every(
    (segment) =>
      segment !== "" &&
      segment !== "." &&
      segment !== ".." &&
      !unsafeInName.test(segment) &&
      Buffer.byteLength(segment) <= maximumNameInBytes,
  );
  return isSafe ? join(folder, ...segments) : undefined;
};

/** The order of UTF-8 bytes, in which OSS lists. It differs from JavaScript's own where surrogates meet U+E000 and up. */
export const compareKeys = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const difference = rank(a.charCodeAt(index)) - rank(b.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
};

const rank = (unit: number): number => {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
};
