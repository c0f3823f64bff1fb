import { constants } from "node:fs";
import { access, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { EmbeddedCloud } from "../../local/embedded-cloud.ts";
import type { Failure } from "../../local/fc/async-invocations.ts";
import { alibabaObjects } from "../../shared/cloud/alibaba-objects.ts";
import { uploadFile } from "../../shared/cloud/alibaba-upload.ts";
import { objectKind } from "../../shared/importing/object-kind.ts";
import { shellQuoted } from "../../shared/importing/shell-quoted.ts";
import { printable } from "../../shared/inspection/printable-text.ts";
import { bytesText } from "../bytes-text.ts";
import { type Connection, connectionFileIn } from "../connection.ts";
import { type ExitCode, exitCodes, type Output, Unasked } from "../outcome.ts";
import { packageRoot } from "../package-root.ts";
import { deployLocally, localBucket, localRegion, localStateBucket } from "./deployed-locally.ts";
import { type Board, isAtAnEnd, parseLogLine, withLine } from "./job-board.ts";
import { type LiveView, plainView, silentView, terminalView } from "./live-view.ts";
import { givenUp, summaryLine, summaryOf, type Upload } from "./local-summary.ts";
import { writeSampleImage } from "./sample-image.ts";

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
  const dataDirectory = await dataDirectoryOf(options);
  let board: Board = new Map();
  const view: LiveView = options.json ? silentView : output.isTerminal ? terminalView(output) : plainView(output);
  const onGivenUp = (failure: Failure): void => {
    const { key, reason, tries } = givenUp(failure);
    view.text(
      `Function Compute has given up the event of ${printable(key, 1024)} after ${tries} tries: ${printable(reason, 2000)}${options.once ? "" : `\n${" ".repeat(9)}→ Once that is mended: oss-image-import replay ${shellQuoted(`oss://${localBucket}/${key}`)}`}`,
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
    await emptyStateBucket(cloud);
    const folder = await cloud.oss.watchFolder(localBucket);
    await writeFile(connectionFileIn(dataDirectory), JSON.stringify(connectionTo(cloud)), { mode: 0o600 });
    announce(cloud, folder, options, output, view);
    const wanted = uploads.length > 0 || !options.once ? uploads : [await sample(dataDirectory)];
    const stop = new AbortController();
    void interrupted.then(() => stop.abort());
    const ended = uploadAll(wanted, cloud, view).then(() =>
      options.once ? untilAllEnded(wanted, cloud, () => board, stop.signal) : interrupted,
    );
    const stopped = await Promise.race([ended.then(() => false), interrupted.then(() => true)]);
    view.end();
    // An upload that is cut off with the embedded OSS is no news, and its client would warn of it twice.
    if (stopped) console.warn = () => {};
    if (!options.once) {
      const running = [...board.values()].filter((job) => !isAtAnEnd(job)).length;
      if (running > 0)
        view.text(`Ended. ${running} of the imports were still running; they end with the embedded ECS.`);
      return exitCodes.good;
    }
    const jobs = summaryOf(wanted, board, { failures: cloud.fc?.failures ?? [], interrupted: stopped });
    if (options.json) output.out(`${JSON.stringify({ event: "local.summary", jobs })}\n`);
    else for (const job of jobs) output.out(`${summaryLine(job)}\n`);
    return stopped || jobs.some(({ outcome }) => outcome === "failed" || outcome === "rejected")
      ? exitCodes.no
      : exitCodes.good;
  } finally {
    await cloud.close();
    await rm(connectionFileIn(dataDirectory), { force: true });
    if (isTemporary(options)) await rm(dataDirectory, { recursive: true, force: true });
  }
}

/** What the other commands need to find this embedded cloud. */
function connectionTo({ account, endpoints }: EmbeddedCloud): Connection {
  const { accessKeyId, accessKeySecret } = account;
  return {
    region: localRegion,
    credentials: { accessKeyId, accessKeySecret },
    ossEndpoint: endpoints.oss,
    ecsEndpoint: endpoints.ecs,
    ...(endpoints.fc ? { fcEndpoint: endpoints.fc } : {}),
    imageBucket: localBucket,
    stateBucket: localStateBucket,
  };
}

async function readableFiles(files: readonly string[]): Promise<readonly Upload[]> {
  return Promise.all(
    files.map(async (file) => {
      const path = resolve(file);
      const found = await stat(path).catch(() => undefined);
      if (!found) throw new Unasked(`There is no file ${file}.`);
      if (!found.isFile()) throw new Unasked(`${file} is not a file.`);
      await access(path, constants.R_OK).catch(() => {
        throw new Unasked(`${file} cannot be read.`);
      });
      return { key: basename(path), path, size: found.size };
    }),
  );
}

/** A single run leaves nothing behind; a longer one keeps its folder where it is easy to find. */
const isTemporary = ({ once, data }: LocalOptions): boolean => once && data === undefined;

async function dataDirectoryOf(options: LocalOptions): Promise<string> {
  if (isTemporary(options)) return mkdtemp(join(tmpdir(), "oss-image-import-"));
  const folder = resolve(options.data ?? ".local");
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
  } catch {
    throw new Unasked(`The folder ${folder} cannot be written to: choose another with --data DIR.`);
  }
  return folder;
}

/** mkdir's own recursion never ends where a folder's parent is there and yet takes none, as in /proc. */
async function makeFolder(folder: string): Promise<void> {
  const code = await mkdir(folder).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code,
  );
  if (code === undefined || code === "EEXIST") return;
  if (code !== "ENOENT" || dirname(folder) === folder) throw new Error(code);
  await makeFolder(dirname(folder));
  await mkdir(folder);
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
async function emptyStateBucket(cloud: EmbeddedCloud): Promise<void> {
  const objects = alibabaObjects({ region: localRegion, credentials: cloud.account, endpoint: cloud.endpoints.oss });
  for (;;) {
    const page = await objects.list(localStateBucket, { prefix: "" });
    await Promise.all(page.objects.map(({ key }) => objects.delete({ bucket: localStateBucket, key })));
    if (!page.more) return;
  }
}

function announce(cloud: EmbeddedCloud, folder: string, options: LocalOptions, output: Output, view: LiveView): void {
  const { endpoints, account } = cloud;
  if (options.json) {
    const ready = {
      event: "local.ready",
      region: localRegion,
      bucket: localBucket,
      stateBucket: localStateBucket,
      oss: { endpoint: endpoints.oss },
      ecs: { endpoint: endpoints.ecs.replace("http://", "") },
      fc: { endpoint: endpoints.fc },
      accessKeyId: account.accessKeyId,
      accessKeySecret: account.accessKeySecret,
      folder,
    };
    output.out(`${JSON.stringify(ready)}\n`);
    return;
  }
  view.text(
    [
      "The embedded cloud is ready: OSS, ECS and Function Compute on this machine.",
      `  OSS  ${endpoints.oss}   bucket ${localBucket}, region ${localRegion}`,
      `  ECS  ${endpoints.ecs}`,
      `  FC   ${endpoints.fc}`,
      `  key  ${account.accessKeyId} / ${account.accessKeySecret}`,
      "",
      ...(options.once
        ? []
        : [
            `Copy a disk image into this folder, or upload it with any OSS client:`,
            `  ${folder}`,
            "Ctrl-C ends everything.",
            "",
          ]),
    ].join("\n"),
  );
}

async function sample(dataDirectory: string): Promise<Upload> {
  const path = join(dataDirectory, "sample.qcow2");
  const size = await writeSampleImage(path);
  return { key: basename(path), path, size };
}

async function uploadAll(uploads: readonly Upload[], cloud: EmbeddedCloud, view: LiveView): Promise<void> {
  const target = { region: localRegion, credentials: cloud.account, endpoint: cloud.endpoints.oss };
  for (const { key, path, size } of uploads) {
    view.text(`Uploading ${printable(path, 1024)} (${bytesText(size)}) …`);
    const upload = uploadFile(target, { bucket: localBucket, key }, { path, size }, (fraction) =>
      view.uploading({ key, size, fraction }),
    );
    await upload.catch((error: unknown) => {
      throw new Unasked(`${path} could not be uploaded: ${error instanceof Error ? error.message : error}`);
    });
    view.uploading(undefined);
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
