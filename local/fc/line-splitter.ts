/** FC cuts log lines at 32 KB. */
const maximumLineInCharacters = 32 * 1024;

/**
 * Cuts text that arrives in pieces into lines, without their ends. A line longer than FC's limit is given out in
 * pieces, so that nothing grows without bound.
 */
export const createLineSplitter = (onLine: (line: string) => void) => {
  let rest = "";
  return {
    write(piece: string): void {
      const lines = (rest + piece).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
      for (; rest.length > maximumLineInCharacters; rest = rest.slice(maximumLineInCharacters)) {
        onLine(rest.slice(0, maximumLineInCharacters));
      }
    },
    end(): void {
      if (rest !== "") onLine(rest);
      rest = "";
    },
  };
};
