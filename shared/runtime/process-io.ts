/** The only place that touches the process: its environment and its output. */

// biome-ignore lint/style/noProcessEnv: this is the one place that reads it.
export const environment = (): Readonly<Record<string, string | undefined>> => process.env;

/** FC takes each line of the standard output as a log entry. */
export const writeLine = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
