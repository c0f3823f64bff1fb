import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { EmbeddedCloud } from "../../local/embedded-cloud.ts";
import { uploadFile } from "../../shared/cloud/alibaba-upload.ts";
import { printable } from "../../shared/inspection/printable-text.ts";
import { bytesText } from "../bytes-text.ts";
import { Unasked } from "../outcome.ts";
import { localBucket, localRegion } from "./deployed-locally.ts";
import type { LiveView } from "./live-view.ts";
import type { Upload } from "./local-summary.ts";
import { writeSampleImage } from "./sample-image.ts";

/** The files as uploads. Throws Unasked for what is no file or cannot be read. */
export async function readableFiles(files: readonly string[]): Promise<readonly Upload[]> {
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

/** The image that ships with the project, unpacked into this folder. */
export async function sample(dataDirectory: string): Promise<Upload> {
  const path = join(dataDirectory, "sample.qcow2");
  const size = await writeSampleImage(path);
  return { key: basename(path), path, size };
}

/** Uploads them one after the other, as an OSS client would. Throws Unasked when one cannot be. */
export async function uploadAll(uploads: readonly Upload[], cloud: EmbeddedCloud, view: LiveView): Promise<void> {
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
