/** Exit codes of every command. */
export const exitCodes = {
  /** The answer is good. */
  good: 0,
  /** The answer is "no": invalid, not importable, failed. */
  no: 1,
  /** The question could not be asked: usage, unreachable, unreadable. */
  unasked: 2,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The question could not be asked; the message is the one sentence that the user sees. */
export class Unasked extends Error {
  override readonly name = "Unasked";
}

/** Where a command writes. `out` is for answers, `err` for progress and complaints. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** True when a person watches `out` on a terminal that takes cursor moves. */
  readonly isTerminal: boolean;
  /** Whether answers are coloured. */
  readonly takesColours: boolean;
  readonly columns: number;
  /** Lines of the terminal, where that is known. */
  readonly rows?: number;
}
