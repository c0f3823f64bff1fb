import type { Output } from "../../cli/outcome.ts";

/** Runs a command as main.ts does, and gives what it wrote to a pipe. */
export async function said(
  command: (output: Output) => Promise<number>,
): Promise<{ code: number; out: string; err: string }> {
  const written = { out: "", err: "" };
  const output: Output = {
    out: (text) => {
      written.out += text;
    },
    err: (text) => {
      written.err += `${text}\n`;
    },
    isTerminal: false,
    columns: 100,
  };
  const code = await command(output);
  return { code, ...written };
}
