/**
 * Runs schedules of faults against the product and reports what was lost or doubled: `npm run test:faults -- --help`.
 * The work is shared by a process for each processor. Exit code 1 when a promise was broken.
 */
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { runProcessKills } from "./process-kills.ts";
import { progressLine, type Shown } from "./progress-line.ts";
import { type Extent, type Progress, type Row, randomPart, runAll } from "./run-all.ts";
import { runSchedule } from "./schedule.ts";
import { parseSchedule, scheduleText } from "./schedule-text.ts";

const help = `npm run test:faults -- [options]
  --quick            a sample, in about a minute
  --all              every fault at every request of every scenario, and for the plain upload each pair of requests
                     with each pair of classes of faults: refused, processed with the answer lost, killed before,
                     killed after, expired (about an hour)
  --all-pairs        each pair of requests with each pair of the twelve faults (hours)
  --only TEXT        only the scenarios whose names have this in them
  --seed N           the first seed of the random schedules, and only those: one, or as many as --count says
  --count N          how many random schedules
  --schedule TEXT    one schedule, as a failing run prints it
`;

const processes = availableParallelism();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      all: { type: "boolean", default: false },
      "all-pairs": { type: "boolean", default: false },
      only: { type: "string" },
      seed: { type: "string" },
      count: { type: "string" },
      schedule: { type: "string" },
      share: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  if (values.schedule !== undefined) return repeat(values.schedule);
  const { quick, all, seed, count } = values;
  const extent: Omit<Extent, "share"> = {
    only: values.only ?? (seed === undefined ? "" : randomPart),
    isSample: quick,
    oneIn: quick ? 41 : all ? 1 : 7,
    interruptions: quick ? 20 : all ? 4000 : 600,
    pairs: quick ? 40 : values["all-pairs"] ? "all" : all ? "by class" : 600,
    random: { count: Number(count ?? (seed !== undefined ? 1 : quick ? 40 : 600)), firstSeed: Number(seed ?? 1) },
  };
  if (values.share !== undefined) return work({ ...extent, share: { index: Number(values.share), of: processes } });
  const started = performance.now();
  const shown = progressLine();
  const shares = await Promise.all(Array.from({ length: processes }, (_, index) => shareOf(index, shown)));
  shown.end();
  const killed = killedPart.includes(extent.only) ? await killProcesses(quick ? 9 : 1) : [];
  report([...shares.map(({ rows }) => rows), killed], (performance.now() - started) / 1000);
  if (shares.some(({ failed }) => failed) || killed.some(({ violated }) => violated > 0)) process.exitCode = 1;
}

/** More than an import makes. */
const requestsOfImport = 26;

const killedPart = "real processes, killed";

async function killProcesses(step: number): Promise<readonly Row[]> {
  const results = await runProcessKills(requestsOfImport, step);
  for (const { violations } of results)
    for (const violation of violations) process.stderr.write(`\nBroken, with real processes: ${violation}\n`);
  return [
    {
      name: killedPart,
      schedules: results.length,
      faults: results.filter(({ met }) => met).length,
      lost: results.filter(({ lost }) => lost).length,
      doubled: results.filter(({ doubled }) => doubled).length,
      violated: results.filter(({ violations }) => violations.length > 0).length,
    },
  ];
}

/** What one process tells its parent. */
type Message = { readonly progress: Progress } | { readonly rows: readonly Row[] };

/** One process's part: rows and progress go to its parent, failures to the error output. */
async function work(extent: Extent): Promise<void> {
  // So that its worlds are cleared away when it is interrupted, or its parent is.
  for (const end of ["SIGINT", "SIGTERM"]) process.on(end, () => process.exit(1));
  process.on("disconnect", () => process.exit());
  const tell = (message: Message): void => void process.send?.(message);
  const rows = await runAll(extent, {
    onFailure: ({ schedule, violations }) => {
      process.stderr.write(
        `\nBroken: ${violations.join("\n        ")}\n  again: npm run test:faults -- --schedule "${scheduleText(schedule)}"\n`,
      );
    },
    onProgress: (progress) => tell({ progress }),
  });
  process.send?.({ rows } satisfies Message, undefined, undefined, () => process.disconnect?.());
}

async function shareOf(
  index: number,
  shown: Shown,
): Promise<{ readonly rows: readonly Row[]; readonly failed: boolean }> {
  const child = fork(process.argv[1] ?? "", [...process.argv.slice(2), "--share", String(index)]);
  let rows: readonly Row[] = [];
  child.on("message", (message) => {
    const said = message as Message;
    if ("rows" in said) rows = said.rows;
    else shown.show(index, said.progress);
  });
  const code = await new Promise<number | null>((resolve) => child.on("exit", resolve));
  return { rows, failed: code !== 0 || rows.length === 0 || rows.some(({ violated }) => violated > 0) };
}

async function repeat(text: string): Promise<void> {
  const schedule = parseSchedule(text);
  const usual = await runSchedule({ ...schedule, faults: [] }, 1000);
  const result = await runSchedule(schedule, usual.requests);
  process.stdout.write(`${scheduleText(schedule)}\n${result.requests} requests, usually ${usual.requests}\n`);
  for (const violation of result.violations) process.stdout.write(`Broken: ${violation}\n`);
  if (result.violations.length > 0) process.exitCode = 1;
}

function report(shares: readonly (readonly Row[])[], seconds: number): void {
  const names = [...new Set(shares.flat().map(({ name }) => name))];
  const sum = (name: string | undefined, field: keyof Omit<Row, "name">): number =>
    shares.flat().reduce((total, row) => total + (name === undefined || row.name === name ? row[field] : 0), 0);
  const line = (name: string, key: string | undefined): string =>
    [
      name.padEnd(32),
      ...(["schedules", "faults", "lost", "doubled", "violated"] as const).map((field) =>
        String(sum(key, field)).padStart(10),
      ),
    ].join("");
  const head = [
    "".padEnd(32),
    ...["schedules", "faults", "lost", "doubled", "broken"].map((word) => word.padStart(10)),
  ].join("");
  const rows = names.filter((name) => sum(name, "schedules") > 0).map((name) => line(name, name));
  process.stdout.write(`${[head, ...rows, line("total", undefined)].join("\n")}\n${Math.round(seconds)} seconds\n`);
}

void main();
