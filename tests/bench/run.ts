/** npm run bench [names]: what the product costs, as ratios that hold on any machine. */
import { ignoredBench, importBench, startBench } from "./functions-bench.ts";
import { inspectionBench } from "./inspection-bench.ts";
import { runScaleBench } from "./scale.ts";
import { printTable, type Table } from "./table.ts";

const benches: Readonly<Record<string, () => Promise<Table | readonly Table[]>>> = {
  start: startBench,
  ignored: ignoredBench,
  import: importBench,
  inspection: inspectionBench,
  scale: async () => {
    await runScaleBench();
    return [];
  },
};

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !(name in benches));
  if (unknown.length > 0) {
    console.error(`There is no bench ${unknown.join(", ")}: choose of ${Object.keys(benches).join(", ")}.`);
    process.exitCode = 2;
    return;
  }
  for (const [name, bench] of Object.entries(benches)) {
    if (names.length > 0 && !names.includes(name)) continue;
    for (const table of [await bench()].flat()) console.log(printTable(table));
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
