import { readFileSync } from "node:fs";
import { Command } from "commander";
import { registerOperatorCommands } from "../../../cli/commands/operator-commands.ts";
import { jobStates } from "../../../shared/ledger/job.ts";
import { logEvents } from "../../../shared/log/log.ts";

const page = readFileSync("docs/operating.md", "utf8");

function operatorProgram(): Command {
  const program = new Command();
  registerOperatorCommands(program, {
    output: { out: () => {}, err: () => {}, isTerminal: false, takesColours: false, columns: 80 },
    run: async () => {},
    withConnection: (command) => command,
    interruption: async () => {},
  });
  return program;
}

describe("docs/operating.md", () => {
  it.each(logEvents)("has %s with its fields, and a query that finds it", (event) => {
    expect(page).toContain(`\n| \`${event}\` |`);
    expect(page).toContain(`'${event}'`);
  });

  it.each(jobStates)("says what the state %s means", (state) => {
    expect(page).toContain(`\n| \`${state}\` |`);
  });

  it.each(operatorProgram().commands.map((command) => command.name()))("shows %s with an example", (name) => {
    expect(page).toContain(`\n### ${name}\n`);
    expect(page).toContain(`$ oss-image-import ${name}`);
  });

  it("names no command that there is not", () => {
    const known = new Set([
      ...operatorProgram().commands.map((command) => command.name()),
      "local",
      "inspect",
      "validate",
      "plan",
    ]);
    for (const [, name = ""] of page.matchAll(/oss-image-import ([a-z]+)\b/g)) expect(known).toContain(name);
  });
});
