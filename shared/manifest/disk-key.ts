/** The longest key that OSS takes, in bytes of UTF-8. */
const maxKeyBytes = 1023;
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** What is wrong with the `ossObject` of a disk, in one sentence; undefined when nothing is. */
export function diskPathFault(ossObject: string): string | undefined {
  if (/\p{Surrogate}/u.test(ossObject)) return "A disk's key is not well-formed Unicode.";
  if (invisible.test(ossObject))
    return "A disk's key has control or invisible characters, or such that change the direction of text.";
  if (ossObject.includes("\\")) return "A disk's key cannot contain a backslash.";
  const segments = ossObject.replace(/^\//, "").split("/");
  if (segments.includes("")) return "A disk's key has an empty part: two slashes in a row, or a slash at its end.";
  if (segments.includes(".") || segments.includes("..")) return 'A disk\'s key cannot have the parts "." and "..".';
  if (Buffer.byteLength(ossObject) > maxKeyBytes) return `A disk's key is longer than ${maxKeyBytes} bytes.`;
  return undefined;
}

/**
 * The key of a disk's object: relative to the folder of the manifest that names it, unless it starts with `/`. In a bucket
 * manifest, which lies at the root, both mean the same.
 */
export function resolveDiskKey(
  ossObject: string,
  manifestKey: string,
): { readonly key: string } | { readonly fault: string } {
  const fault = diskPathFault(ossObject);
  if (fault !== undefined) return { fault };
  const key = ossObject.startsWith("/") ? ossObject.slice(1) : `${folderOf(manifestKey)}${ossObject}`;
  if (Buffer.byteLength(key) > maxKeyBytes)
    return { fault: `A disk's key is longer than ${maxKeyBytes} bytes with its folder.` };
  return { key };
}

/** The folder of a key with its slash at the end; empty at the root. */
export function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf("/") + 1);
}
