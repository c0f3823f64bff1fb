/** The candidate that a mistyped word most likely means, or undefined when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const plain = simplified(word);
  let best: string | undefined;
  // Two slips, in long words more; but at least half of the word must stay: `on` is no slip for `off`.
  let bestDistance = Math.min(Math.max(2, Math.floor(plain.length / 3)), Math.floor(plain.length / 2)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(plain, simplified(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Case and separators are the commonest slips: `image_name` and `ImageName` are `imageName`. */
function simplified(word: string): string {
  return word
    .slice(0, 64)
    .toLowerCase()
    .replace(/[\s_.-]/g, "");
}

/** Levenshtein's distance. */
function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const substitution = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
