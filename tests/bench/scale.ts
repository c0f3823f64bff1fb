/** What a tick costs with many open jobs, and what a burst of uploads comes to. */
import { aSecond, atMost, exactly, memoryAtMost, reported } from "./bounds.ts";
import { burstTable } from "./burst.ts";
import { importsThatFail, type ManyImports, startManyImports, type TickOfMany } from "./many-imports.ts";
import { milliseconds, printTable, type Row, type Table } from "./table.ts";

const sizes = [100, 1000, 10_000];
const uploadsAtOnce = 1000;
const memoryInMiB = 256;

/** As many running imports a tick asks for their progress, however many there are. */
const asked = 20;
/** GetBucketInfo; then the record, the task and the image of each that is asked about. */
const quietCalls = 1 + 3 * asked;
/** One index entry is written and one deleted for each of them whose progress moved. */
const movedCalls = quietCalls + 2 * asked;
/** Record, task and image; the new record; the object and its status file; the index entry, listed and deleted. */
const callsOfAnEnd = 8;

/** Short enough for a tick over all the ends at once to run out of it; five seconds of it are kept back. */
const shortTimeoutInSeconds = 45;
const mostTicks = 40;

/** Prints its tables; the process ends with 1 when a bound is broken. These are counts, so they hold on any machine. */
export async function runScaleBench(): Promise<void> {
  // First the burst: the memory of this process, which is the cloud then, should hold nothing else.
  show(await burstTable(uploadsAtOnce));
  for (const size of sizes) show(await tickTable(size));
}

function show(table: Table): void {
  console.log(printTable(table));
  if (table.rows.some(({ met }) => met === false)) process.exitCode = 1;
}

async function tickTable(jobs: number): Promise<Table> {
  const many = await startManyImports(jobs);
  try {
    const busy = await many.tick();
    const quiet = await many.tick();
    many.advance(0.1);
    const moved = await many.tick();
    const running = jobs - importsThatFail;
    const rows = [
      atMost("lists", callsOf(quiet, "ListObjectsV2"), jobs / 1000 + 1),
      atMost("DescribeTasks", callsOf(quiet, "DescribeTasks"), jobs / 100 + 1),
      exactly("other calls, when nothing changed", otherCalls(quiet), quietCalls),
      exactly("other calls, when all have moved on", otherCalls(moved), movedCalls),
      exactly(
        `calls more for each of ${importsThatFail} that failed`,
        (otherCalls(busy) - otherCalls(quiet)) / importsThatFail,
        callsOfAnEnd,
      ),
      memoryAtMost("peak memory", Math.max(busy.peakMiB, quiet.peakMiB, moved.peakMiB), memoryInMiB),
      ...(await allEnd(many, running)),
    ];
    return {
      title: `Ticks over ${jobs} running imports`,
      rows,
      notes: ["The built function in a process of its own for each tick, over HTTP."],
    };
  } finally {
    await many.close();
  }
}

/** All imports end at once: ticks that have time for a part of them each. */
async function allEnd(many: ManyImports, running: number): Promise<readonly Row[]> {
  many.advance(2);
  const ticks: TickOfMany[] = [];
  do ticks.push(await many.tick(shortTimeoutInSeconds));
  while (ticks.length < mostTicks && Number(ticks.at(-1)?.summary["left"]) > 0);
  const after = await many.tick();
  const available = ticks.flatMap((tick) => tick.available);
  const ends = sum(ticks.map(otherCalls)) - ticks.length;
  const cpuMilliseconds = sum(ticks.map((tick) => tick.cpuMilliseconds));
  const seconds = sum(ticks.map((tick) => tick.milliseconds)) / 1000;
  return [
    exactly(
      `all end: reported, in ${ticks.length} ticks of ${shortTimeoutInSeconds} s`,
      new Set(available).size,
      running,
    ),
    exactly("all end: lines that report them", available.length, running),
    exactly("all end: calls for each", ends / running, callsOfAnEnd),
    memoryAtMost("all end: peak memory", Math.max(...ticks.map(({ peakMiB }) => peakMiB)), memoryInMiB),
    reported("all end: processor time for each", cpuMilliseconds / running, milliseconds),
    reported("all end: reported", running / seconds, aSecond),
    exactly("a tick afterwards: calls", sum([...after.calls.values()]), 2),
  ];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const callsOf = ({ calls }: TickOfMany, operation: string): number => calls.get(operation) ?? 0;

/** All but the calls that may grow with the number of open jobs. An end lists as well: the entries of its own job. */
const otherCalls = (tick: TickOfMany): number =>
  sum([...tick.calls.values()]) - listsOfIndex(tick) - callsOf(tick, "DescribeTasks");

const listsOfIndex = ({ summary }: TickOfMany): number => Math.max(1, Math.ceil(Number(summary["open"]) / 1000));
