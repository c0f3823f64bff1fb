import { shellQuoted } from "../shared/importing/shell-quoted.ts";

/** Bytes that a terminal would act on, or not show: in quotes they would have to be typed as they are. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/**
 * `oss://bucket/key` as an argument that can be pasted into a shell and means this very key. What cannot be shown is written
 * as its bytes in `$'…'`, which bash, zsh and ksh read whatever their locale (POSIX.1-2024 has it too).
 */
export function pastedAddress({ bucket, key }: { readonly bucket: string; readonly key: string }): string {
  const address = `oss://${bucket}/${key}`;
  if (!unprintable.test(address)) return shellQuoted(address);
  const written = [...address].map((character) => {
    if (character === "'" || character === "\\") return `\\${character}`;
    return unprintable.test(character) ? bytesOf(character) : character;
  });
  return `$'${written.join("")}'`;
}

/** Three digits each, so that no digit of the key that follows is taken for one of theirs. */
const bytesOf = (character: string): string =>
  [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
