import { writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { EmbeddedCloud } from "../../local/embedded-cloud.ts";
import type { Failure } from "../../local/fc/async-invocations.ts";
import { systemClock } from "../../shared/clock.ts";
import { alibabaObjects } from "../../shared/cloud/alibaba-objects.ts";
import { isCloudError } from "../../shared/cloud/cloud-error.ts";
import type { ListedObject, ObjectStore } from "../../shared/cloud/ports.ts";
import { counted } from "../../shared/importing/counted.ts";
import { objectKind } from "../../shared/importing/object-kind.ts";
import { printable } from "../../shared/inspection/printable-text.ts";
import { printableJson } from "../../shared/log/printable-json.ts";
import { connectionFileIn } from "../connection.ts";
import { type ExitCode, exitCodes, type Output, Unasked } from "../outcome.ts";
import { packageRoot } from "../package-root.ts";
import { pastedAddress } from "../pasted-address.ts";
import { announce, connectionTo } from "./announcement.ts";
import { takeDataFolder } from "./data-folder.ts";
import { deployLocally, localBucket, localRegion, localStateBucket } from "./deployed-locally.ts";
import { deliverAgain, leftOver, objectsOfBucket, wordsOn } from "./earlier-objects.ts";
import { type Board, type BoardLine, isAtAnEnd, parseLogLine, wholeOf, withLine } from "./job-board.ts";
import { type LiveView, plainView, silentView, terminalView } from "./live-view.ts";
import { givenUp, summaryLine, summaryOf, type Upload } from "./local-summary.ts";
import { changedStatuses, withStatus } from "./status-files.ts";
import { readableFiles, sample, uploadAll } from "./uploads.ts";

export interface LocalOptions {
  readonly files: readonly string[];
  readonly once: boolean;
  readonly json: boolean;
  readonly data?: string;
  readonly ossPort: number;
  readonly ecsPort: number;
  readonly fcPort: number;
  readonly importSeconds: number;
  readonly tickSeconds: number;
}

/** Runs the product on the embedded cloud until `interrupted` resolves, or with `once` until every upload has ended. */
export async function runLocal(options: LocalOptions, output: Output, interrupted: Promise<void>): Promise<ExitCode> {
  const uploads = await readableFiles(options.files);
  // A single run leaves nothing behind; a longer one keeps its folder where it is easy to find.
  const data = await takeDataFolder(options.data ?? (options.once ? undefined : ".local"));
  try {
    return await runIn(data.path, uploads, options, output, interrupted);
  } finally {
    await data.release();
  }
}

async function runIn(
  dataDirectory: string,
  uploads: readonly Upload[],
  options: LocalOptions,
  output: Output,
  interrupted: Promise<void>,
): Promise<ExitCode> {
  let board: Board = new Map();
  const view: LiveView = options.json ? silentView : output.isTerminal ? terminalView(output) : plainView(output);
  const onGivenUp = (failure: Failure): void => {
    const { key, reason, tries } = givenUp(failure);
    view.text(
      `Function Compute has given up the event of ${printable(key, 1024)} after ${tries} tries: ${printable(reason, 2000)}${options.once ? "" : `\n${" ".repeat(9)}→ Once that is mended: oss-image-import replay ${pastedAddress({ bucket: localBucket, key })}`}`,
    );
  };
  const cloud = await start(options, dataDirectory, onGivenUp, (text) => {
    const line = parseLogLine(text);
    if (!line) return;
    if (options.json) output.out(`${text}\n`);
    board = withLine(board, line);
    view.line(line);
    view.update(board);
  });
  try {
    const objects = alibabaObjects({ region: localRegion, credentials: cloud.account, endpoint: cloud.endpoints.oss });
    await emptyStateBucket(objects);
    const before = await objectsOfBucket(objects);
    const folder = await cloud.oss.watchFolder(localBucket);
    await writeFile(connectionFileIn(dataDirectory), JSON.stringify(connectionTo(cloud)), { mode: 0o600 });
    announce(cloud, folder, options, output, view);
    const wanted = uploads.length > 0 || !options.once ? uploads : [await sample(dataDirectory)];
    const stop = new AbortController();
    void interrupted.then(() => stop.abort());
    const leftOverNow = async (): Promise<readonly ListedObject[]> => {
      const left = leftOver(before, await objectsOfBucket(objects), new Set(wanted.map(({ key }) => key)));
      const words = wordsOn(left, options.once);
      if (words !== undefined && options.json) output.err(words);
      else if (words !== undefined) view.text(words);
      return left;
    };
    if (!options.once && before.length > 0) void importLeftOver(leftOverNow, cloud, stop.signal);
    if (!options.once && output.isTerminal && !options.json)
      void followStatusFiles(objects, stop.signal, (line) => {
        board = withStatus(board, line);
        view.update(board);
      });
    const ended = uploadAll(wanted, cloud, view).then(() =>
      options.once ? untilAllEnded(wanted, cloud, () => board, stop.signal) : interrupted,
    );
    const stopped = await Promise.race([ended.then(() => false), interrupted.then(() => true)]);
    view.end();
    // An upload that is cut off with the embedded OSS is no news, and its client would warn of it twice.
    if (stopped) console.warn = () => {};
    if (!options.once) {
      const running = [...board.values()].filter((job) => !isAtAnEnd(job) && !wholeOf(board, job)).length;
      if (running > 0)
        view.text(
          `Ended. ${counted(running, "import")} ${running === 1 ? "was" : "were"} still running: the next start with this folder begins ${running === 1 ? "it" : "them"} anew.`,
        );
      return exitCodes.good;
    }
    // Its summary is about the files of this run, so it imports no others.
    if (before.length > 0) await leftOverNow();
    const jobs = summaryOf(wanted, board, { failures: cloud.fc?.failures ?? [], interrupted: stopped });
    if (options.json) output.out(`${printableJson({ event: "local.summary", jobs })}\n`);
    else for (const job of jobs) output.out(`${summaryLine(job)}\n`);
    return stopped || jobs.some(({ outcome }) => outcome === "failed" || outcome === "rejected")
      ? exitCodes.no
      : exitCodes.good;
  } finally {
    await cloud.close();
  }
}

async function start(
  options: LocalOptions,
  dataDirectory: string,
  onFailure: (failure: Failure) => void,
  onLine: (text: string) => void,
): Promise<EmbeddedCloud> {
  const { ossPort, ecsPort, fcPort, importSeconds, tickSeconds } = options;
  try {
    return await deployLocally({
      packageRoot: packageRoot(),
      dataDirectory,
      ports: { oss: ossPort, ecs: ecsPort, fc: fcPort },
      ecsSettings: { importSeconds, invitedToVmdk: true },
      tickSeconds,
      onLogLine: ({ text }) => onLine(text),
      functions: { onFailure },
    });
  } catch (error) {
    const { code, port } = error as { code?: string; port?: number };
    if (code === "EADDRINUSE") throw new Unasked(`Port ${port} is in use: choose another, or 0 for any.`);
    if (code === "EACCES")
      throw new Unasked(
        port ? `Port ${port} needs more rights: choose one above 1023.` : `${dataDirectory} cannot be written to.`,
      );
    throw error;
  }
}

/** The embedded ECS begins anew with each start, so what the ledger remembers of an earlier one would mislead. */
async function emptyStateBucket(objects: ObjectStore): Promise<void> {
  for (;;) {
    const page = await objects.list(localStateBucket, { prefix: "" });
    await Promise.all(page.objects.map(({ key }) => objects.delete({ bucket: localStateBucket, key })));
    if (!page.more) return;
  }
}

/**
 * By then the folder's watch has told of what was changed or taken away while nothing ran. Where it is slower a change is told
 * twice, as OSS may do at any time.
 */
const settlingInMilliseconds = 1000;

async function importLeftOver(
  leftOverNow: () => Promise<readonly ListedObject[]>,
  cloud: EmbeddedCloud,
  signal: AbortSignal,
): Promise<void> {
  try {
    await systemClock.sleep(settlingInMilliseconds, signal);
    if (!signal.aborted) await deliverAgain(await leftOverNow(), cloud);
  } catch (error) {
    // The embedded OSS has ended meanwhile.
    if (!isCloudError(error)) throw error;
  }
}

const statusPauseInMilliseconds = 1000;

/** Tells of each status file that changes, until `signal` is aborted or the embedded OSS has ended. */
async function followStatusFiles(
  objects: ObjectStore,
  signal: AbortSignal,
  tell: (line: BoardLine) => void,
): Promise<void> {
  const seen = new Map<string, string>();
  try {
    // What lies there is of an earlier run.
    await changedStatuses(objects, localBucket, seen);
    while (!signal.aborted) {
      for (const line of await changedStatuses(objects, localBucket, seen)) tell(line);
      await systemClock.sleep(statusPauseInMilliseconds, signal);
    }
  } catch (error) {
    if (!isCloudError(error)) throw error;
  }
}

const pollInMilliseconds = 100;

/** Resolves when no function is at work and no import runs any more, or when `signal` is aborted. */
async function untilAllEnded(
  uploads: readonly Upload[],
  cloud: EmbeddedCloud,
  board: () => Board,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await cloud.fc?.idle();
    const jobs = [...board().values()];
    const unseen = uploads.filter(({ key }) => !board().has(key) && objectKind(key).kind === "image");
    const given = cloud.fc?.failures.length ?? 0;
    if (jobs.every(isAtAnEnd) && (unseen.length === 0 || given >= unseen.length)) return;
    await delay(pollInMilliseconds);
  }
}
