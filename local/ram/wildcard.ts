/**
 * Whether `text` matches `pattern`, where `*` stands for any run of characters and `?` for exactly one.
 *
 * Only the latest `*` is ever moved, so the work is at most pattern length × text length, whatever the pattern.
 */
export const matchesWildcard = (pattern: string, text: string): boolean => {
  let inPattern = 0;
  let inText = 0;
  let star = -1;
  let retryFrom = 0;
  while (inText < text.length) {
    const wanted = pattern[inPattern];
    if (wanted === "*") {
      star = inPattern;
      retryFrom = inText;
      inPattern += 1;
    } else if (wanted !== undefined && (wanted === "?" || wanted === text[inText])) {
      inPattern += 1;
      inText += 1;
    } else if (star >= 0) {
      retryFrom += 1;
      inText = retryFrom;
      inPattern = star + 1;
    } else {
      return false;
    }
  }
  while (pattern[inPattern] === "*") inPattern += 1;
  return inPattern === pattern.length;
};
