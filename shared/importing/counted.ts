/** A number with its noun: `counted(1, "rule")` is "1 rule", `counted(2, "rule")` is "2 rules". */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
