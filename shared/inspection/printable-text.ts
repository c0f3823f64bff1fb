/** Text from images and object names is hostile: it must not reach a terminal or a log as it is. */

/** Control characters, invisible formatting (also what reverses direction), lone surrogates, line separators. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Text from an image, fit for a message: control and invisible characters become `?`, and what is longer than
 * `maximumLength` characters is cut and ends in `…`. Bytes are read as UTF-8 up to the first NUL.
 */
export function printable(bytesOrText: Uint8Array | string, maximumLength = 128): string {
  const text = typeof bytesOrText === "string" ? bytesOrText : decode(bytesOrText, maximumLength);
  // Cut first, as the input may be long: a character takes at most two UTF-16 units.
  const characters = [...text.slice(0, 2 * (maximumLength + 1))];
  const kept = characters.length > maximumLength ? [...characters.slice(0, maximumLength - 1), "…"] : characters;
  return kept.join("").replace(unprintable, "?");
}

function decode(bytes: Uint8Array, maximumLength: number): string {
  const end = bytes.indexOf(0);
  // A character takes at most 4 bytes of UTF-8.
  return new TextDecoder().decode(bytes.subarray(0, Math.min(end < 0 ? bytes.length : end, 4 * (maximumLength + 1))));
}
